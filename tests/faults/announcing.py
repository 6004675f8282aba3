"""Short ways to say what tests of the relay say often: changes put into a store, and what the relay made of them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from registry.api.v1.change_pb2 import Change
from registry.api.v1.offering_pb2 import Offering
from registry.store import Batch, Command, Store, View

WAIT_SECONDS = 60


def entry(revision: int, name: str, *, deleted: bool = False) -> Change:
    """An entry as a ledger has it: a new version of an offering, or its deletion."""
    made = Change(revision=revision, generation="g", kind="offering", name=name, etag="" if deleted else "e")
    made.event_type = f"se.gemensam.registry.offering.{'deleted' if deleted else 'updated'}.v1"
    made.resource.offering.name = name
    made.resource.offering.revision = revision
    return made


async def change(store: Store, *keys: str, text: str = "") -> int:
    """A new version of each offering, in one commit; returns the revision."""

    def run(batch: Batch) -> Message:
        for key in keys:
            offering = batch.get(Offering, f"offerings/{key}") or Offering(name=f"offerings/{key}")
            offering.title.sv = f"{key} {batch.revision} {text}"
            offering.labels.update({"a": "1", "b": "2", "c": "3"})
            batch.put(offering, "updated")
        return Offering()

    return (await store.write(Command(run=run))).revision


async def delete(store: Store, key: str) -> int:
    """Delete an offering; returns the revision."""

    def run(batch: Batch) -> Message:
        offering = batch.get(Offering, f"offerings/{key}")
        assert offering is not None
        batch.delete(offering)
        return Offering()

    return (await store.write(Command(run=run))).revision


async def history(store: Store) -> Sequence[Change]:
    """The whole ledger."""
    found: list[Change] = []

    def page(view: View) -> list[Change]:
        return view.changes(len(found) + 1, 5000)

    while more := await store.read(page):
        found += more
    return found


async def announced(store: Store, revision: int = 0, seconds: float = WAIT_SECONDS) -> int:
    """Wait until the relay has confirmed the revision (0: all of it); returns how far it is."""
    async with asyncio.timeout(seconds):
        while True:
            head, reading = await store.read(lambda view: (view.head(), view.reading("relay")))
            if reading and reading.revision >= (revision or head.revision):
                return reading.revision
            await asyncio.sleep(0.02)


async def said(logs: Sequence[Any], event: str, **fields: object) -> dict[str, Any]:
    """The first entry of that kind in captured logs, once it is there."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            for each in logs:
                if each["event"] == event and fields.items() <= each.items():
                    found: dict[str, Any] = each
                    return found
            await asyncio.sleep(0.02)
