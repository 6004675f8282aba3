"""Server-sent events: tells an open page that something has changed, and ends with the registry."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from registry.errors import RegistryError
from registry.services.operations import Operations
from registry.store import Store

PACE_SECONDS, LOOK_SECONDS, BEAT_SECONDS = 1.0, 2.0, 15.0
STREAMS = 100  # open at a time in this process: each is cheap, and looks at the store every other second
Still = Callable[[], Awaitable[None]]


class Live:
    """The streams of one process. `close` ends them, so that a stop need not wait for whoever watches."""

    def __init__(self, store: Store, operations: Operations) -> None:
        self._store, self._operations = store, operations
        self._closing = asyncio.Event()
        self._streams = 0

    @property
    def full(self) -> bool:
        """Whether no more are taken."""
        return self._streams >= STREAMS

    def close(self) -> None:
        """End every stream."""
        self._closing.set()

    async def events(self, still: Still) -> AsyncIterator[str]:
        """An event whenever the ledger or a reader of it has moved, for as long as the caller may see it.

        `still` raises when it may not any more.
        """
        self._streams += 1
        try:
            async for event in self._events(still):
                yield event
        except RegistryError:
            return
        finally:
            self._streams -= 1

    async def _events(self, still: Still) -> AsyncIterator[str]:
        seen, quiet = "", 0.0
        while not self._closing.is_set():
            await still()
            revision, mark = await self._mark()
            if mark != seen:
                seen, quiet = mark, 0.0
                yield f"event: moved\nid: {revision}\ndata: {mark}\n\n"
                await self._pause(PACE_SECONDS)
            elif quiet >= BEAT_SECONDS:
                quiet = 0.0
                yield ": still here\n\n"
            quiet += LOOK_SECONDS
            await self._moved(revision)

    async def _mark(self) -> tuple[int, str]:
        """What is counted here need not be counted while the page is waited for."""
        _, found = await self._operations.look()
        behind = ",".join(f"{name}:{lag.changes}" for name, lag in sorted(found.lags.items()))
        return found.head.revision, f"{found.head.generation} {found.head.revision} {behind}"

    async def _moved(self, revision: int) -> None:
        """Until the ledger has moved, for a while, or until the end."""
        waiting = {
            asyncio.ensure_future(self._store.committed(revision, LOOK_SECONDS)),
            asyncio.ensure_future(self._closing.wait()),
        }
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def _pause(self, seconds: float) -> None:
        """A page that is made anew more often cannot be read."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
