"""A client that follows the ledger whatever happens to its connection, and keeps what each stream sent."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import grpc

from registry.api.v1.feed_service_pb2 import WatchRequest
from tests.faults.history import Stream
from tests.faults.validators import changes_of
from tests.integration.api import Api

OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]
SOON = {"nanos": 100_000_000}


class Watcher:
    """Watches at an address, and after each end asks for what follows the last change it saw. `ended`: how each ended.

    `pause`: seconds before it asks again where it was sent nothing.
    """

    def __init__(self, address: str, start: int = 1, pause: float = 0.0) -> None:
        self._address, self._pause = address, pause
        self.streams = [Stream(start)]
        self.bookmarks = 0
        self.ended: list[str] = []
        self.moved = asyncio.Condition()

    @property
    def reached(self) -> int:
        """The last revision seen."""
        return max((change.revision for change in changes_of(self.streams[-1])), default=self.streams[-1].start - 1)

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            try:
                await self._once()
            except grpc.aio.AioRpcError as error:
                self.ended.append(error.code().name)
            if self.streams[-1].events:
                self.streams.append(Stream(self.reached + 1))
            else:
                await asyncio.sleep(self._pause)

    async def _once(self) -> None:
        stream = self.streams[-1]
        async with grpc.aio.insecure_channel(self._address, options=OWN_CONNECTION) as channel:
            request = WatchRequest(start_revision=stream.start, progress_interval=SOON)
            async for event in Api(channel).feed.Watch(request):
                stream.events.append(event)
                async with self.moved:
                    self.bookmarks += event.WhichOneof("event") == "progress"
                    self.moved.notify_all()

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for something to be seen."""
        async with asyncio.timeout(60), self.moved:
            await self.moved.wait_for(condition)


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
