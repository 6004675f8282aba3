"""A consumer in a process of its own: notes how long each change took from its time, taken before its commit, to here.

Run as `python -m tests.bench.consuming BOOTSTRAP`: announces `ready`, and at the end of its input writes the
milliseconds of each event as one JSON list.
"""

import asyncio
import json
import sys
import time
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from registry.relay.envelope import CATALOGUE
from tests.bench.processes import announce


async def main(bootstrap: str) -> None:
    """Consume until the input ends, and what is on its way for a moment more."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, fetch_max_wait_ms=100)
    await consumer.start()
    try:
        await consumer._client.add_topic(CATALOGUE)
        consumer.assign([TopicPartition(CATALOGUE, each) for each in consumer.partitions_for_topic(CATALOGUE) or ()])
        await consumer.seek_to_end()
        for place in consumer.assignment():
            await consumer.position(place)
        announce("ready")
        end, delays = asyncio.create_task(asyncio.to_thread(sys.stdin.read)), list[float]()
        idle = False
        while not (end.done() and idle):
            found = await consumer.getmany(timeout_ms=500)
            now, idle = time.time(), not found
            delays += [_delay(now, record) for records in found.values() for record in records]
    finally:
        await consumer.stop()
    announce(json.dumps(delays))


def _delay(now: float, record: Any) -> float:
    time_ = datetime.fromisoformat(dict(record.headers)["ce_time"].decode())
    return (now - time_.timestamp()) * 1000


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
