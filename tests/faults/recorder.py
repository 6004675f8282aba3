"""The one recorder: what clients wrote, read and watched during a fault, to be judged by the validators."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from registry.api.v1.offering_service_pb2 import GetOfferingRequest, PublishReleaseRequest, UpdateOfferingRequest
from registry.store import View
from registry.store.kinds import KINDS
from registry.store.sqlstore import SqlStore, open_store
from tests.faults.history import Acknowledged, History, Read
from tests.faults.watcher import Watcher
from tests.integration.api import INTERFACE, Api

MAY_BE_TRIED_AGAIN = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN", "RESOURCE_EXHAUSTED"}
# As gRPC's own, but sooner: a server that was killed is back in less than a second.
PATIENT = [
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 500),
]
PAUSE_SECONDS, CALL_SECONDS, GIVE_UP_SECONDS = 0.1, 10.0, 60.0


class Recorder:
    """A client's calls, each tried again with the same request until it is answered, if it is `patient`.

    `retries`: how each try failed.
    """

    patient = True
    padding = ""

    def __init__(self) -> None:
        self.history = History()
        self.retries: list[str] = []
        self._moved = asyncio.Condition()

    async def publish(self, api: Api, offering: str, version: int) -> int:
        """A release; returns its revision."""
        request = PublishReleaseRequest(
            parent=f"offerings/{offering}",
            release={"version": f"{version}.0.0", "interfaces": [INTERFACE]},
            request_id=f"{offering}/{version}",
        )
        return await self._write(api.offerings.PublishRelease, request, "release")

    async def describe(self, api: Api, offering: str, number: int) -> int:
        """A new description, of words that were there before; returns its revision."""
        named = {"name": f"offerings/{offering}", "description": {"sv": " ".join(str(number)) + self.padding}}
        request = UpdateOfferingRequest(
            offering=named, update_mask={"paths": ["description"]}, request_id=f"{offering}/text/{number}"
        )
        return await self._write(api.offerings.UpdateOffering, request, "offering")

    async def read(self, api: Api, offering: str, asked: int) -> None:
        """Read an offering as it is at a revision or later."""
        request = GetOfferingRequest(name=f"offerings/{offering}", min_revision=asked)
        told = await self.answered(lambda: api.offerings.GetOffering(request, timeout=CALL_SECONDS))
        document = told.offering.SerializeToString(deterministic=True)
        self.history.reads.append(Read(asked, told.revision, request.name, document))

    def watched(self, key: str, watcher: Watcher) -> None:
        """Keep what a watcher was sent."""
        self.history.watchers[key] = watcher.streams

    def note(self, what: str, **words: Any) -> None:
        """Keep a fault that was made, or a measure."""
        self.history.notes.append({"what": what, "at": time.monotonic(), **words})

    async def reaches(self, count: int) -> None:
        """Until so many writes were acknowledged."""
        async with asyncio.timeout(GIVE_UP_SECONDS), self._moved:
            await self._moved.wait_for(lambda: len(self.history.writes) >= count)

    async def more(self, count: int) -> None:
        """Until so many more were acknowledged."""
        await self.reaches(len(self.history.writes) + count)

    async def answered(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """The answer of a call, however often it must be made. Errors: those that no second try can mend."""
        async with asyncio.timeout(GIVE_UP_SECONDS):
            while True:
                try:
                    return await call()
                except grpc.aio.AioRpcError as error:
                    if not self.patient or error.code().name not in MAY_BE_TRIED_AGAIN:
                        raise
                    self.retries.append(f"{error.code().name}: {error.details()}")
                await asyncio.sleep(PAUSE_SECONDS)

    async def acknowledge(self, request: Any, resource: Any, began: float) -> None:
        """Keep what a write was answered."""
        document = resource.SerializeToString(deterministic=True)
        told = Acknowledged(resource.revision, resource.name, request.request_id, document, began, time.monotonic())
        async with self._moved:
            self.history.writes.append(told)
            self._moved.notify_all()

    async def close(self, database_url: str) -> History:
        """The history with the ledger and every resource as they are at last, read without a server."""
        store = await asyncio.to_thread(open_store, database_url, migrate=False)
        try:
            self.history.ledger, self.history.resources = await everything(store)
        finally:
            await asyncio.to_thread(store.close)
        return self.history

    async def _write(self, call: Any, request: Any, noun: str) -> int:
        began = time.monotonic()
        told = getattr(await self.answered(lambda: call(request, timeout=CALL_SECONDS)), noun)
        await self.acknowledge(request, told, began)
        return int(told.revision)


async def everything(store: SqlStore) -> tuple[list[Any], dict[str, bytes]]:
    """Every resource, and the whole ledger up to the same revision: a server may still finish what nobody waits for."""
    changes: list[Any] = []

    def page(view: View) -> list[Any]:
        return view.changes(len(changes) + 1, 5000)

    async with store.snapshot() as snapshot:
        last = snapshot.revision
        found = [row async for rows in snapshot.documents(list(KINDS)) for row in rows]
    while len(changes) < last:
        changes += await store.read(page)
    return changes[:last], {name: document for _, name, document in found}
