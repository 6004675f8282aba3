"""The floor of the relay: a bare aiokafka producer that sends the same bytes, which it has read from the topic before.

Run as `python -m tests.bench.producing BOOTSTRAP COUNT TOPIC`: announces `ready`, and for each line of its input sends
everything to TOPIC and writes the seconds until all of it was acknowledged.
"""

import asyncio
import sys
import time
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from registry.relay.envelope import CATALOGUE
from registry.relay.publisher import BATCH_BYTES
from registry.relay.topics import PARTITIONS
from tests.bench.processes import announce


async def main(bootstrap: str, count: int, topic: str) -> None:
    """Read, then send as often as told."""
    records = await _announced(bootstrap, count)
    await _make(bootstrap, topic)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES
    )
    await producer.start()
    announce("ready")
    while await asyncio.to_thread(sys.stdin.readline):
        start = time.perf_counter()
        await asyncio.gather(
            *[await producer.send(topic, value=r.value, key=r.key, headers=list(r.headers)) for r in records]
        )
        announce(str(time.perf_counter() - start))
    await producer.stop()


async def _make(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    finally:
        await admin.close()


async def _announced(bootstrap: str, count: int) -> list[Any]:
    consumer = AIOKafkaConsumer(
        CATALOGUE, bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        found: list[Any] = []
        async with asyncio.timeout(120):
            while len(found) < count:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += records
    finally:
        await consumer.stop()
    return found[:count]


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
