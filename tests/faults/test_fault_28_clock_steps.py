"""Fault 28: the clock of one of two servers jumps by an hour and by seconds. Order and leadership do not follow it."""

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import psycopg

from tests.components.debian import program
from tests.faults.process import launch
from tests.faults.recorder import PATIENT
from tests.faults.several import Several, several
from tests.faults.validators import verdict
from tests.faults.watcher import Watcher, watching
from tests.integration.api import Api

LEASE_SECONDS = 8.0  # a server that has too little of the processor for so long would give up its lead rightly
STEPS = ("+3600", "-3600", "+30", "-30", "+0")
WRITES, PUBLISHERS, HOUR_SECONDS = 8, 2, 3600
LIBRARY = "libfaketime.so.1"


def library() -> Path:
    """The library that lies about the time, of the package of the program `faketime`."""
    words = program("faketime")
    places = [Path(sys.prefix) / "components" / "debian-faketime", Path("/usr/lib")]
    found = next((file for place in places for file in place.glob(f"**/faketime/{LIBRARY}")), None)
    assert found is not None, f"{words} is here, and {LIBRARY} is not"
    return found


def epochs(fleet: Several) -> tuple[str, int]:
    """Who leads the matcher, and in which epoch."""
    return fleet.leader("matcher")


async def test_fault_28_a_clock_that_jumps_changes_neither_order_nor_leader(
    server_parents: list["subprocess.Popen[str]"], postgres_url: str, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0")
    lies = {"LD_PRELOAD": str(library()), "FAKETIME_TIMESTAMP_FILE": str(clock)}
    parent = launch(
        "tests.server", "--standby", "--scaled", **lies, FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1"
    )
    try:
        async with (
            several([server_parents[0], parent], postgres_url, lease=LEASE_SECONDS) as (fleet, backends),
            AsyncExitStack() as open_,
        ):
            await fleet.prepare(PUBLISHERS)
            true, false = fleet.servers
            direct = Api(await open_.enter_async_context(grpc.aio.insecure_channel(false.address, options=PATIENT)))
            watcher = Watcher(false.address)
            leader = epochs(fleet)
            async with watching(watcher), fleet.publishing(PUBLISHERS):
                for number, step in enumerate(STEPS):
                    clock.write_text(step)
                    await fleet.recorder.describe(direct, "o0", 10_000 + number)
                    await fleet.recorder.more(WRITES)
                    assert epochs(fleet) == leader, f"the lead moved when a clock jumped by {step} s"
                clock.write_text("-3600")
                backends.addresses.remove(true.address)
                assert await true.kill() == -9
                async with asyncio.timeout(30):
                    while epochs(fleet) == leader:
                        await asyncio.sleep(0.05)
                await fleet.recorder.more(WRITES)
                await watcher.until(lambda: watcher.reached >= fleet.recorder.history.writes[-1].revision)
            fleet.recorder.watched("at the false clock", watcher)
            history = await fleet.recorder.close(postgres_url)
    finally:
        await asyncio.to_thread(parent.communicate)
    assert verdict(history) == []
    times = [change.time.seconds for change in history.ledger]
    assert max(times) - min(times) > 1.9 * HOUR_SECONDS, "the clock did not jump"
    assert epochs_of(postgres_url) == leader[1] + 1


def epochs_of(url: str) -> int:
    """The newest epoch of the matcher."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT epoch FROM positions WHERE name = 'matcher'").fetchone()
    return int(row[0]) if row else 0
