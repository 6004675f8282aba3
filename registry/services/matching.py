"""Matches offerings with interests: a reader of the ledger with its own position and lease, never the publisher's work."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime

import structlog
from google.protobuf.message import Message

from registry.api.v1.change_pb2 import Change
from registry.api.v1.interest_pb2 import Interest
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import Subscription
from registry.api.v1.system_pb2 import System
from registry.domain import filter as filters
from registry.domain import interest as interests
from registry.domain import names, offering, release, subscription
from registry.domain.filter import And, Comparison
from registry.errors import Precondition, RegistryError
from registry.store import Batch, Caller, Command, Query, Store, View

NAME, LEASE_SECONDS, IDLE_SECONDS, PAGE = "matcher", 10.0, 2.0, 500
USABLE = (release.PUBLISHED, release.DEPRECATED)
log = structlog.get_logger(__name__)


class Matcher:
    """Follows the ledger and creates or ends subscriptions. Every effect is idempotent and fenced by the lease."""

    def __init__(self, store: Store, owner: str, now: Callable[[], datetime]) -> None:
        self._store, self._owner, self._now = store, owner, now
        self._position = 0
        self._epoch = 0

    async def run(self) -> None:
        """Lead when the lease is free, and match until cancelled; a lost store or lease is tried again."""
        while True:
            try:
                await self._lead()
            except RegistryError as error:
                log.warning("matcher.interrupted", reason=error.reason, message=error.message)
            await self._store.committed(self._store.head_revision, IDLE_SECONDS)

    async def _lead(self) -> None:
        while (held := await self._store.lease(NAME, self._owner, LEASE_SECONDS)) is not None:
            if held.epoch != self._epoch:
                self._epoch, self._position = held.epoch, held.revision
            while changes := await self._store.read(self._changes):
                await self._page(changes)
            await self._store.committed(self._position, LEASE_SECONDS / 4)

    def _changes(self, view: View) -> list[Change]:
        start = max(self._position + 1, view.head().floor)
        return view.changes(start, PAGE)

    async def _page(self, changes: list[Change]) -> None:
        for change in changes:
            commands = await self._commands(change)
            outcomes = await asyncio.gather(*(self._store.write(each) for each in commands), return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, Precondition):
                    log.info("matcher.not_matched", reason=outcome.reason, **outcome.metadata)
                elif isinstance(outcome, BaseException):
                    raise outcome
            self._position = change.revision
        if any(change.actor != NAME for change in changes):
            await self._store.write(Command(run=self._advance, caller=Caller(actor=NAME)))

    def _advance(self, batch: Batch) -> Message:
        batch.advance(NAME, self._epoch, self._position)
        return Interest()

    async def _commands(self, change: Change) -> list[Command]:
        """What a change asks for. A deletion asks for nothing."""
        noun = change.resource.WhichOneof("resource")
        if not change.etag or noun not in {"offering", "release", "interest"}:
            return []
        caller = Caller(actor=NAME, traceparent=change.traceparent)
        if noun == "interest":
            found = await self._store.read(lambda view: list(_offerings(view, change.resource.interest)))
            return [self._join(change.name, each, caller) for each in found]
        name = change.name if noun == "offering" else names.parent(change.name)
        return await self._store.read(lambda view: self._about(view, name, caller))

    def _about(self, view: View, name: str, caller: Caller) -> list[Command]:
        document = view.get(name)
        if document is None:
            return []
        message = Offering.FromString(document)
        states = {Release.FromString(each).state for each in _all(view, "release", name)}
        if message.state == offering.WITHDRAWN or (states and not states & {*USABLE, release.DRAFT, release.TEST}):
            live = Comparison("offering", "=", name, 0)
            found = (Subscription.FromString(each) for each in _all(view, "subscription", "organisations/-", live))
            return [self._end(each.name, name, caller) for each in found if each.state in ENDABLE]
        if not states & set(USABLE):
            return []
        orders = (Interest.FromString(each) for each in _all(view, "interest", "organisations/-"))
        return [self._join(each.name, name, caller) for each in orders if _wants(each, message)]

    def _join(self, order: str, name: str, caller: Caller) -> Command:
        organisation = names.parent(order)
        segment = f"{names.last(name)[:40].rstrip('-')}-{hashlib.sha256(f'{order} {name}'.encode()).hexdigest()[:12]}"
        wanted = names.child("subscription", organisation, segment)

        def run(batch: Batch) -> Message:
            batch.advance(NAME, self._epoch, self._position)
            interest, message = batch.get(Interest, order), batch.get(Offering, name)
            if interest is None or message is None or not _wants(interest, message):
                return Subscription()
            same = And((Comparison("offering", "=", name, 0), Comparison("system", "=", interest.system, 0)))
            if batch.get(Subscription, wanted) or batch.select(Subscription, same, parent=organisation, limit=1):
                return Subscription()
            system = batch.get(System, interest.system) or System()
            draft = Subscription(
                name=wanted, offering=name, system=interest.system, interest=order, environment=system.environment
            )
            subscription.admit(draft, batch, self._now(), ask=interest.mode == interests.PROPOSE)
            batch.put(draft, "created")
            return draft

        return Command(run=run, caller=caller, reads=[order, name, wanted, organisation])

    def _end(self, wanted: str, name: str, caller: Caller) -> Command:
        def run(batch: Batch) -> Message:
            batch.advance(NAME, self._epoch, self._position)
            message = batch.get(Subscription, wanted)
            if message is None or message.state not in ENDABLE:
                return Subscription()
            subscription.end(message, self._now(), f"{name} has no release left")
            batch.put(message, "ended" if message.state == subscription.ENDED else "ending")
            return message

        return Command(run=run, caller=caller, reads=[wanted])


ENDABLE = {*subscription.AT_WORK, subscription.REQUESTED, subscription.PENDING, subscription.SUSPENDED}


def _wants(interest: Interest, message: Offering) -> bool:
    if interest.mode not in {interests.JOIN, interests.PROPOSE} or message.state == offering.WITHDRAWN:
        return False
    return filters.matches(filters.parse(interest.filter), message)


def _offerings(view: View, interest: Interest) -> Iterable[str]:
    """Offerings that the interest wants and that have a release to use."""
    for document in _all(view, "offering", ""):
        message = Offering.FromString(document)
        if _wants(interest, message) and any(
            Release.FromString(each).state in USABLE for each in _all(view, "release", message.name)
        ):
            yield message.name


def _all(view: View, noun: str, parent: str, where: filters.Node | None = None) -> Iterable[bytes]:
    token = ""
    while True:
        page = view.page(Query(noun, parent=parent, filter=where, page_size=PAGE, page_token=token))
        yield from page.documents
        if not (token := page.next_page_token):
            return
