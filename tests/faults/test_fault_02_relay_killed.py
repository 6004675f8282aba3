"""Fault 2: kill -9 of the relay at each step of the way of a page. Nothing is lost, and every key stays in order."""

import random
import subprocess

import pytest

from registry.store.sqlstore import open_store
from tests.components.announced import copies, differences
from tests.components.kafka import Kafka
from tests.components.topics import everything
from tests.faults.announcing import announced, change, history
from tests.faults.process import relay_process
from tests.relay import POINTS
from tests.scaled import ENTRIES

KEYS, ROUNDS, KILLS = 20, 20, 3


@pytest.mark.parametrize("point", POINTS)
async def test_fault_02_kill_9_of_the_relay(
    point: str, kafka: Kafka, sqlite_url: str, relay_parent: "subprocess.Popen[str]"
) -> None:
    chance = random.Random(point)  # noqa: S311 - the same kills each time
    store = open_store(sqlite_url)
    try:
        async with relay_process(relay_parent, sqlite_url, kafka.bootstrap) as relay:
            for _ in range(ROUNDS):
                await change(store, *(f"o{number}" for number in range(KEYS)))
            for _ in range(KILLS):
                await relay.start(point, chance.randint(1, 3))
                assert await relay.ended() == -9
                await change(store, "o1", "late")
            await relay.start()
            await announced(store)
            assert await relay.stop() == 0
        ledger, events = await history(store), await everything(kafka.bootstrap)
    finally:
        store.close()
    assert len(ledger) == KEYS * ROUNDS + 2 * KILLS
    assert differences(ledger, events) == []
    assert copies(events) <= KILLS * ENTRIES
