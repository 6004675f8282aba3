"""Brings what the source tells into the mirror: what is at hand in one transaction, and never on the loop's thread."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

import structlog

from subscribers.backoff import Backoff
from subscribers.events import Changed, Consumed, Event, Reached, SnapshotEnd, Source
from subscribers.state import State

T = TypeVar("T")
CHUNK = 500
HOLD_SECONDS = 0.05  # the rest of a batch follows at once, when there is more that concerns us
Taken = Callable[[Sequence[Event], Sequence[Changed]], None]
log = structlog.get_logger(__name__)


class Intake:
    """Follows a source. `taken(events, news)` hears of each transaction, on the loop's thread."""

    def __init__(self, source: Source, state: State, taken: Taken) -> None:
        self._source, self._state, self._taken = source, state, taken
        self._faults = Backoff()

    async def run(self) -> None:
        """Until cancelled. When the file fails, it goes on from where the file is, after a while."""
        while True:
            try:
                await self._follow()
            except* sqlite3.Error as errors:
                log.warning("intake.state_failed", errors=[str(each) for each in errors.exceptions])
            await asyncio.sleep(self._faults.next())

    async def _follow(self) -> None:
        queue: asyncio.Queue[Event] = asyncio.Queue(CHUNK)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._read(queue))
            both.create_task(self._write(queue))

    async def _read(self, queue: "asyncio.Queue[Event]") -> None:
        position = await asyncio.to_thread(self._state.resume)
        async with aclosing(self._source.follow(position)) as events:
            async for event in events:
                await queue.put(event)
        raise RuntimeError("the source ended by itself")

    async def _write(self, queue: "asyncio.Queue[Event]") -> None:
        while True:
            events = await _at_hand(queue)
            news = await to_the_end(asyncio.to_thread(self._state.take, events))
            self._faults.reset()
            self._taken(events, news)
            await self._source.taken(events)


async def _at_hand(queue: "asyncio.Queue[Event]") -> list[Event]:
    """What has come. Of a batch that has come in part, the rest is waited for; the end of a snapshot has its place."""
    events = [await queue.get()]
    while len(events) < CHUNK or isinstance(events[-1], SnapshotEnd):
        if queue.empty() and isinstance(events[-1], Reached | Consumed):
            break
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                events.append(await queue.get())
        except TimeoutError:
            break
    return events


async def to_the_end(work: Coroutine[Any, Any, T] | asyncio.Future[T], seconds: float | None = None) -> T:
    """Await work that should not be left behind: on cancellation it is waited for all the same, so many seconds."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        _, left = await asyncio.wait([task], timeout=seconds)
        if left:
            log.warning("work.left_behind", seconds=seconds)
        raise
