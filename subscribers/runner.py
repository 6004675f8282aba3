"""Runs a subscriber: follow the source, work when something changed or is due, report; until it is told to stop."""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from subscribers.backoff import Backoff
from subscribers.events import Changed, Event, SnapshotEnd, Source, StandBy
from subscribers.intake import Intake, to_the_end
from subscribers.reconcile import Finding, Reconciler
from subscribers.reporting import Reporter
from subscribers.state import State
from subscribers.workers import Workers

STOP_SECONDS = 10.0  # what a pass gets to end in; it may be cut at any point
log = structlog.get_logger(__name__)


class Runner:
    """The three loops of a subscriber. Adapter work is on a thread, so that following never waits for it.

    One that `stands_by` does no work until its source says that it may: its mirror may be older than another's work.
    """

    def __init__(
        self, source: Source, state: State, reconciler: Reconciler, reporter: Reporter, *, stands_by: bool = False
    ) -> None:
        self._state, self._reconciler, self._reporter = state, reconciler, reporter
        self._intake = Intake(source, state, self._taken)
        self._passes = Workers(1, "pass")
        self._dirty = asyncio.Event()
        self._stands_by = stands_by

    async def run(self) -> None:
        """Until cancelled. A fault of ours in one pass is logged and the pass is tried again."""
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._intake.run())
                loops.create_task(self._work())
                loops.create_task(self._reporter.run())
        finally:
            self._passes.close()

    async def learn(self) -> None:
        """Follow the source until the mirror is whole."""
        following = asyncio.create_task(self._intake.run())
        while not self._state.whole:
            await self._dirty.wait()
            self._dirty.clear()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    def _taken(self, events: Sequence[Event], news: Sequence[Changed]) -> None:
        for event in events:
            if isinstance(event, StandBy) and event.stands_by != self._stands_by:
                self._stands_by = event.stands_by
                self._dirty.set()
        replaced = any(isinstance(event, SnapshotEnd) for event in events)
        if replaced:
            self._reporter.forget()
        if replaced or any(map(self._reconciler.concerns, news)):
            self._dirty.set()

    async def _work(self) -> None:
        faults = Backoff()
        seconds: float | None = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):  # `wait_for` of Python 3.11 may keep a cancellation to itself
                    await self._dirty.wait()
            self._dirty.clear()
            try:
                work = asyncio.wrap_future(self._passes.submit(self._pass))
                seconds = await to_the_end(work, STOP_SECONDS)
                faults.reset()
            except Exception:  # the pass is level-triggered: trying again is safe
                log.exception("runner.fault")
                seconds = faults.next()

    def _pass(self) -> float | None:
        return self._reconciler.run() if self._state.whole and not self._stands_by else None


def teller(reporter: Reporter) -> "Teller":
    """A `tell` for the reconciler's thread that hands findings to the loop."""
    return Teller(reporter, asyncio.get_running_loop())


class Teller:
    """Carries findings from the working thread to the loop."""

    def __init__(self, reporter: Reporter, loop: asyncio.AbstractEventLoop) -> None:
        self._reporter, self._loop = reporter, loop

    def __call__(self, finding: Finding) -> None:
        """Hand over; the order is kept."""
        self._loop.call_soon_threadsafe(self._reporter.tell, finding)
