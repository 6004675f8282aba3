"""A client that follows the ledger whatever happens to its connection, and keeps what each stream sent."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from registry.api.v1.feed_service_pb2 import WatchRequest
from tests.faults.history import Stream
from tests.faults.validators import changes_of
from tests.integration.api import Api

OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]
SOON = {"nanos": 100_000_000}


class Watcher:
    """Watches at an address, and after each end asks for what follows. `ended`: how each stream ended.

    What follows is what the server said last, or else what comes after the last change that was seen. `told`: how often
    it said so. `resumed`: seconds from each end to the next thing heard. `pause`: those before it asks again where it
    was sent nothing.
    """

    def __init__(self, address: str, start: int = 1, pause: float = 0.0) -> None:
        self._address, self._pause = address, pause
        self.streams = [Stream(start)]
        self.bookmarks = 0
        self.ended: list[str] = []
        self.told = 0
        self.resumed: list[float] = []
        self._lost_at = 0.0
        self.moved = asyncio.Condition()

    @property
    def reached(self) -> int:
        """The last revision seen."""
        return max((change.revision for change in changes_of(self.streams[-1])), default=self.streams[-1].start - 1)

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            following = 0
            try:
                await self._once()
            except grpc.aio.AioRpcError as error:
                self.ended.append(error.code().name)
                following = resume_revision(error)
            self.told += following > 0
            self._lost_at = self._lost_at or time.monotonic()
            if self.streams[-1].events:
                self.streams.append(Stream(following or self.reached + 1))
            else:
                await asyncio.sleep(self._pause)

    async def _once(self) -> None:
        stream = self.streams[-1]
        async with grpc.aio.insecure_channel(self._address, options=OWN_CONNECTION) as channel:
            request = WatchRequest(start_revision=stream.start, progress_interval=SOON)
            async for event in Api(channel).feed.Watch(request):
                stream.events.append(event)
                self._heard()
                async with self.moved:
                    self.bookmarks += event.WhichOneof("event") == "progress"
                    self.moved.notify_all()

    def _heard(self) -> None:
        if self._lost_at:
            self.resumed.append(time.monotonic() - self._lost_at)
            self._lost_at = 0.0

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for something to be seen."""
        async with asyncio.timeout(60), self.moved:
            await self.moved.wait_for(condition)


def resume_revision(error: grpc.aio.AioRpcError) -> int:
    """Where to go on, as the server said when it ended the stream; 0 where it did not."""
    status, info = rpc_status.from_call(error), ErrorInfo()  # type: ignore[arg-type]
    for detail in status.details if status else ():
        if detail.Unpack(info):
            return int(info.metadata.get("resume_revision", 0))
    return 0


@contextlib.asynccontextmanager
async def watching(*watchers: Watcher) -> Any:
    """They watch as long as the block lasts."""
    tasks = [asyncio.create_task(watcher.run()) for watcher in watchers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
