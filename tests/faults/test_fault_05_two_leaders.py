"""Fault 5: the leading relay is stopped past its lease, another leads, and the first wakes up believing it still does."""

import asyncio
import itertools
import signal
import subprocess
from collections.abc import Sequence

import psutil
import pytest
from sqlalchemy import text

from registry.store.sqlstore import SqlStore, open_store
from tests.components.announced import copies, differences
from tests.components.kafka import Kafka
from tests.components.topics import everything
from tests.faults.announcing import announced, change, history
from tests.faults.process import RelayProcess, relay_process
from tests.scaled import ENTRIES

KEYS, ROUNDS = 20, 2
TRAIL = """
CREATE TABLE trail (number INTEGER PRIMARY KEY, revision BIGINT, epoch BIGINT, owner TEXT);
CREATE TRIGGER follow AFTER UPDATE ON positions WHEN NEW.name = 'relay'
BEGIN INSERT INTO trail (revision, epoch, owner) VALUES (NEW.revision, NEW.epoch, NEW.owner); END;
"""

Moves = Sequence[tuple[int, int, str]]


def follow(store: SqlStore) -> None:
    """Let the database itself note every move of the position and of the lease."""
    with store._write_engine.connect() as connection:
        connection.connection.cursor().executescript(TRAIL)


def trail(store: SqlStore) -> Moves:
    """Revision, epoch and owner after each move."""
    with store._read_engine.connect() as connection:
        return [
            (row[0], row[1], row[2]) for row in connection.execute(text("SELECT revision, epoch, owner FROM trail"))
        ]


async def stopped(relay: RelayProcess) -> None:
    """Until it has stopped itself."""
    async with asyncio.timeout(30):
        while psutil.Process(relay.pid).status() != psutil.STATUS_STOPPED:
            await asyncio.sleep(0.01)


async def take_turns(store: SqlStore, first: RelayProcess, second: RelayProcess, point: str, passage: int) -> None:
    """The first stops in the middle of a page, the second takes over, the first wakes up, the second ends."""
    keys = [f"{passage}-{number}" for number in range(KEYS)]
    for _ in range(3):
        await change(store, *keys)
    await first.start(point, passage, signal.SIGSTOP)
    await stopped(first)
    await second.start()
    await announced(store)
    first.signal(signal.SIGCONT)
    await change(store, "beside")  # and no other, or a late event of the first would not be the last of its key
    await announced(store)
    assert await second.stop() == 0
    await change(store, "beside")
    await announced(store)
    assert await first.stop() == 0


@pytest.mark.parametrize("point", ["read", "sent", "acked", "after mark"])
async def test_fault_05_a_stopped_leader_moves_nothing_when_it_wakes_up(
    point: str,
    kafka: Kafka,
    sqlite_url: str,
    relay_parent: "subprocess.Popen[str]",
    other_relay_parent: "subprocess.Popen[str]",
) -> None:
    store = open_store(sqlite_url)
    follow(store)
    try:
        async with (
            relay_process(relay_parent, sqlite_url, kafka.bootstrap) as first,
            relay_process(other_relay_parent, sqlite_url, kafka.bootstrap) as second,
        ):
            for number in range(ROUNDS):
                await take_turns(store, first, second, point, passage=1 + number)
        ledger, events, moves = await history(store), await everything(kafka.bootstrap), trail(store)
    finally:
        store.close()
    assert differences(ledger, events) == []
    assert copies(events) <= 2 * ROUNDS * ENTRIES
    assert moved_back(moves) == []
    assert len({owner for _, _, owner in moves}) == 2 * ROUNDS
    assert len({(epoch, owner) for _, epoch, owner in moves}) == len({epoch for _, epoch, _ in moves})


def moved_back(moves: Moves) -> list[str]:
    """Moves of an old epoch, or to a lower revision."""
    pairs = itertools.pairwise(moves)
    return [f"{after} after {before}" for before, after in pairs if after[0] < before[0] or after[1] < before[1]]
