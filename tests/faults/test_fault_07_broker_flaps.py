"""Fault 7: the broker goes and comes again and again. The relay recovers each time, and nobody has to start it anew."""

import asyncio
import signal
import subprocess

from registry.store.sqlstore import open_store
from tests.components.announced import differences
from tests.components.kafka import Kafka
from tests.components.topics import everything
from tests.faults.announcing import announced, change, history
from tests.faults.load import Load, loaded
from tests.faults.process import relay_process

KEYS, RATE = 20, 60
UP, AWAY, LONG_AWAY = 30, 60, 300  # publications; the long one outlasts the deadlines of the scaled relay
FLAPS = ("pause", "kill", "long pause", "kill")


async def flap(kafka: Kafka, load: Load, how: str) -> None:
    """Away and back: a paused broker answers nothing and keeps its connections, a killed one breaks them."""
    broker = kafka.brokers[0]
    broker.signal(signal.SIGKILL if how == "kill" else signal.SIGSTOP)
    await load.more(LONG_AWAY if how == "long pause" else AWAY)
    if how == "kill":
        await asyncio.to_thread(kafka.start)
    else:
        broker.signal(signal.SIGCONT)


async def test_fault_07_the_broker_flaps_and_the_relay_recovers_unaided(
    fragile: Kafka, sqlite_url: str, relay_parent: "subprocess.Popen[str]"
) -> None:
    store = open_store(sqlite_url)
    try:
        async with relay_process(relay_parent, sqlite_url, fragile.bootstrap) as relay:
            first = await relay.start()
            async with loaded(lambda number: change(store, f"o{number % KEYS}"), RATE) as load:
                for how in FLAPS:
                    await load.more(UP)
                    await flap(fragile, load, how)
                    await announced(store, store.head_revision)
            await announced(store)
            assert relay.pid == first
            assert await relay.stop() == 0
        ledger, events = await history(store), await everything(fragile.bootstrap)
    finally:
        store.close()
    assert load.failed == []
    assert len(ledger) == load.acknowledged >= len(FLAPS) * (UP + AWAY)
    assert differences(ledger, events) == []
