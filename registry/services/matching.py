"""Matches offerings with interests: a reader of the ledger with its own position and lease."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from google.protobuf.message import Message

from registry.api.v1.change_pb2 import Change
from registry.errors import Precondition, RegistryError, TooLarge, Unavailable
from registry.services.joining import KINDS, Effect, due, everything, matters
from registry.services.pages import PAGE
from registry.services.standing import Standing
from registry.store import Batch, Caller, Command, Store, View
from registry.store.leading import RENEW_SECONDS, Leader

NAME, IDLE_SECONDS = "matcher", 2.0
RETRY_SECONDS = 0.5
log = structlog.get_logger(__name__)


class Matcher:
    """Follows the ledger and creates or ends subscriptions. Every effect is idempotent and fenced by the lease."""

    def __init__(self, store: Store, owner: str, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._leader = Leader(store, NAME, owner)
        self._epoch = 0
        self._standing: Standing | None = None  # as of the last page that was not passed over

    async def run(self) -> None:
        """Lead when the lease is free, and match until cancelled; a lost store or lease is tried again."""
        try:
            while True:
                await self._lead()
                self._leader.resign()
        finally:
            with contextlib.suppress(RegistryError):  # the next one need not wait for the end of an unused lease
                await self._leader.release()

    async def _lead(self) -> None:
        try:
            while await self._leads():
                while self._leader.position < self._store.head_revision:
                    await self._page()
                await self._store.committed(self._leader.position, RENEW_SECONDS)
            await self._store.committed(self._store.head_revision, IDLE_SECONDS)
        except (Unavailable, TooLarge) as error:
            log.warning("matcher.interrupted", reason=error.reason, message=error.message)
            await asyncio.sleep(RETRY_SECONDS)

    async def _leads(self) -> bool:
        """Whether the lease is ours. What is remembered of interests ends with an epoch."""
        leads = await self._leader.leads()
        if leads and self._leader.epoch != self._epoch:
            self._epoch, self._standing = self._leader.epoch, None
        return leads

    async def _page(self) -> None:
        if self._passes_over(self._store.newest(self._leader.position + 1)):
            await asyncio.sleep(0)
            return
        changes, reached, effects = await self._store.read(self._next)
        if effects is None:
            effects = [effect for change in changes for effect in await self._alone(change)]
        work = [self._command(effect) for effect in effects]
        outcomes = await asyncio.gather(*(self._store.write(each) for each in work), return_exceptions=True)
        for outcome in outcomes:
            _look_at(outcome)
        self._leader.position = reached

    def _passes_over(self, changes: Sequence[Change]) -> bool:
        """Whether the next changes, as far as they are at hand, ask for nothing: most do not."""
        known = self._standing
        if not changes or known is None or any(matters(change, known) for change in changes):
            return False
        self._leader.position = changes[-1].revision
        return True

    def _next(self, view: View) -> tuple[list[Change], int, list[Effect] | None]:
        """The next changes that can matter, the revision that they reach to, and what they ask for; None: a fault."""
        start, floor = self._leader.position + 1, view.head().floor
        changes = view.changes(max(start, floor), PAGE, KINDS)
        reached = changes[-1].revision if len(changes) == PAGE else view.revision
        if start < floor:
            log.warning("matcher.looks_at_everything", position=self._leader.position, floor=floor)
            self._standing = Standing.of(view)
            return changes, reached, list(everything(view, self._standing, self._now))
        try:
            return changes, reached, list(due(view, changes, self._known(view, changes), self._now))
        except (Unavailable, TooLarge):
            raise
        except Exception as error:  # noqa: BLE001 - looked at one by one, where it is logged
            log.info("matcher.looks_at_each", revision=reached, error=str(error))
            return changes, reached, None

    def _known(self, view: View, changes: Sequence[Change]) -> Standing:
        """The standing orders, with what the changes do to them."""
        if self._standing is None:
            self._standing = Standing.of(view)
        self._standing.learn(changes)
        return self._standing

    async def _alone(self, change: Change) -> list[Effect]:
        """What one change asks for. One that cannot be understood is passed over, so that it does not stop the rest."""
        try:
            return await self._store.read(lambda view: list(due(view, [change], self._known(view, []), self._now)))
        except (Unavailable, TooLarge):
            raise
        except Exception:
            log.exception("matcher.passed_over", name=change.name, revision=change.revision)
            return []

    def _command(self, effect: Effect) -> Command:
        def run(batch: Batch) -> Message:
            self._leader.advance(batch)
            return effect.run(batch)

        return Command(run=run, caller=Caller(actor=NAME, traceparent=effect.traceparent), reads=effect.reads)


def _look_at(outcome: object) -> None:
    """A store out of reach or a lost lease stops the page, to be done again; a refusal concerns one effect alone."""
    if isinstance(outcome, Precondition):
        log.info("matcher.not_matched", reason=outcome.reason, **outcome.metadata)
    elif isinstance(outcome, Unavailable | TooLarge):
        raise outcome
    elif isinstance(outcome, RegistryError):
        log.warning("matcher.refused", reason=outcome.reason, message=outcome.message)
    elif isinstance(outcome, Exception):
        log.error("matcher.failed", exc_info=outcome)
    elif isinstance(outcome, BaseException):
        raise outcome
