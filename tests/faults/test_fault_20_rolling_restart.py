"""Fault 20: two servers are restarted one after the other under load with 200 streams. Nobody loses a call or an event."""

import contextlib
import json
import statistics
import subprocess
import time

from tests.faults.several import several
from tests.faults.validators import verdict
from tests.faults.watcher import Watcher, watching

STREAMS, PUBLISHERS, EXIT_SECONDS = 200, 3, 20
# Every stream goes on within five seconds; all two hundred have one process for their client here, which a busy machine
# may keep waiting, so the longest is a figure, and half of them are held to it.
RESUMED_SECONDS = 5


async def test_fault_20_a_rolling_restart_loses_no_call_and_every_stream_goes_on(
    server_parents: list["subprocess.Popen[str]"], postgres_url: str
) -> None:
    exits = []
    async with several(server_parents[:2], postgres_url) as (fleet, backends):
        await fleet.prepare(PUBLISHERS)
        watchers = [Watcher(fleet.address, pause=0.05) for _ in range(STREAMS)]
        async with contextlib.AsyncExitStack() as open_:
            await open_.enter_async_context(watching(*watchers))
            async with fleet.publishing(PUBLISHERS):  # which fails when one call fails for good
                for server in fleet.servers:
                    await fleet.recorder.more(6)
                    begin, address = time.monotonic(), server.address
                    assert await server.stop() == 0
                    exits.append(time.monotonic() - begin)
                    backends.addresses.remove(address)
                    await fleet.recorder.more(6)
                    backends.addresses.append(await server.start())
                await fleet.recorder.more(6)
            last = max(write.revision for write in fleet.recorder.history.writes)
            for watcher in watchers:
                await watcher.until(lambda watcher=watcher: watcher.reached >= last)  # type: ignore[misc]
        for number, watcher in enumerate(watchers):
            fleet.recorder.watched(f"stream {number}", watcher)
        history = await fleet.recorder.close(postgres_url)
    resumed = sorted(seconds for watcher in watchers for seconds in watcher.resumed)
    figures = {
        "exit_seconds": [round(each, 1) for each in exits],
        "resumed_p50_seconds": round(statistics.median(resumed), 2),
        "resumed_most_seconds": round(resumed[-1], 2),
        "streams_that_met_a_stop": len(resumed),
        "retries": len(fleet.recorder.retries),
    }
    print(json.dumps(figures))  # noqa: T201 - the figures
    assert verdict(history) == []
    assert max(exits) <= EXIT_SECONDS
    assert len(resumed) >= STREAMS, "streams met a server that stopped"
    assert sum(watcher.told for watcher in watchers) == len(resumed), "each was told where to go on"
    assert statistics.median(resumed) <= RESUMED_SECONDS
