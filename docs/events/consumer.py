"""Keeps the newest state of every public resource in a SQLite file: a consumer that misses nothing and goes back never.

python consumer.py BROKERS REGISTRY FILE     needs: pip install 'gemensam[kafka]'
"""  # noqa: INP001 - an example, no package

import asyncio
import sqlite3
import sys
from typing import Any

import grpc
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from google.protobuf.json_format import MessageToJson

from registry.api.v1.feed_service_pb2 import GetHeadRequest, WatchRequest
from registry.api.v1.feed_service_pb2_grpc import FeedServiceStub

TOPIC, KINDS = "gemensam.catalogue.v1", ("organisation", "capability", "offering", "release")
TABLES = """CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, revision INTEGER NOT NULL, document TEXT);
CREATE TABLE IF NOT EXISTS place (part INTEGER PRIMARY KEY, next INTEGER NOT NULL, generation TEXT NOT NULL);"""
# The inbox rule: what is not newer than what is known is passed over. A tombstone stays as a name without a document.
PUT = """INSERT INTO state VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE
SET revision = excluded.revision, document = excluded.document WHERE excluded.revision > state.revision"""
MOVE = "INSERT OR REPLACE INTO place VALUES (?, ?, ?)"


async def snapshot(feed: Any, database: sqlite3.Connection, ends: dict[TopicPartition, int]) -> str:
    """Cold start: the ends of the topic first, then everything there is by gRPC; both in one commit."""
    rows = []
    async for response in feed.Watch(WatchRequest(kinds=KINDS, with_snapshot=True)):
        if response.HasField("snapshot_end"):
            generation = response.snapshot_end.generation
            break
        resource = getattr(response.change.resource, response.change.kind)
        rows.append((resource.name, resource.revision, MessageToJson(resource, indent=None, ensure_ascii=False)))
    with database:
        database.execute("DELETE FROM state")
        database.executemany(PUT, rows)
        database.executemany(MOVE, [(place.partition, end, generation) for place, end in ends.items()])
    return str(generation)


async def follow(consumer: AIOKafkaConsumer, feed: Any, database: sqlite3.Connection) -> None:
    """From the places kept in the file; from a snapshot when they are gone or another generation has begun."""
    places = sorted(consumer.assignment())
    starts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    kept = {TopicPartition(TOPIC, part): at for part, at in database.execute("SELECT part, next FROM place")}
    known = {row[0] for row in database.execute("SELECT generation FROM place")}
    generation = (await feed.GetHead(GetHeadRequest())).generation
    if known != {generation} or any(not starts[each] <= kept.get(each, -1) <= ends[each] for each in places):
        generation, kept = await snapshot(feed, database, ends), ends
    for place in places:
        consumer.seek(place, kept[place])
    while True:
        for place, records in (await consumer.getmany(timeout_ms=1000)).items():
            with database:  # the effect and the place in one commit, whatever is killed
                for record in records:
                    of, _, revision = dict(record.headers)["ce_id"].decode().rpartition(":")
                    if of != generation and of == (await feed.GetHead(GetHeadRequest())).generation:
                        sys.exit("the registry was restored from a backup: start again, with a snapshot")
                    if of != generation:
                        continue  # from before it was restored
                    document = None if record.value is None else record.value.decode()
                    database.execute(PUT, (record.key.decode(), int(revision), document))
                database.execute(MOVE, (place.partition, records[-1].offset + 1, generation))


async def main(brokers: str, registry: str, file: str) -> None:
    """Run until stopped."""
    database = sqlite3.connect(file)
    database.executescript(TABLES)
    async with grpc.aio.insecure_channel(registry) as channel:
        options = {"enable_auto_commit": False, "auto_offset_reset": "none"}  # no group: the file keeps the places
        async with AIOKafkaConsumer(TOPIC, bootstrap_servers=brokers, **options) as consumer:
            await follow(consumer, FeedServiceStub(channel), database)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
