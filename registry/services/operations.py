"""What operators look at: rollouts, who is late and why, how far readers are behind, and what was written last."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from registry.api.v1.change_pb2 import Change
from registry.api.v1.localized_text_pb2 import LocalizedText
from registry.api.v1.offering_pb2 import Campaign, Offering
from registry.api.v1.onboarding_service_pb2 import GetConvergenceRequest, Laggard
from registry.api.v1.subscription_pb2 import Subscription
from registry.domain import names
from registry.services.abreast import Turns
from registry.services.acting import missing
from registry.services.census import Census
from registry.services.laggards import laggards
from registry.services.measures import Measures, measured
from registry.services.parties import Parties
from registry.services.rollout import Rollout, rollout
from registry.services.shelf import Shelf
from registry.store import Store, View

ROLLOUTS, LAGGARDS, CHANGES, HISTORY = 50, 50, 20, 200  # most that a page shows


@dataclass(frozen=True, slots=True)
class Progress:
    """A rollout: of the newest release of an offering, or of a campaign's. Counts are live subscriptions.

    `overdue` and `absent` count organisations: of a campaign whose deadline has passed, and that have not joined.
    """

    offering: str
    title: LocalizedText
    release: str
    total: int
    converged: int
    campaign: Campaign | None = None
    overdue: int = 0
    absent: int = 0

    @property
    def late(self) -> int:
        """Those that are not there yet."""
        return self.total - self.converged


@dataclass(frozen=True, slots=True)
class Late:
    """Who is not there, of which offering. `report` is what the subscription reported last."""

    offering: str
    title: LocalizedText
    laggard: Laggard


@dataclass(frozen=True, slots=True)
class Overview:
    """The registry at one revision. Of `rollouts` there are `rollouts_in_all`, of which the latest are given.

    `until`: seconds since 1970, when a deadline passes that had not.
    """

    revision: int
    generation: str
    rollouts: Sequence[Progress]
    rollouts_in_all: int
    late: Sequence[Late]
    late_in_all: int
    changes: Sequence[Change]
    until: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """One subscription, and its entries in the ledger, the newest first; `more` when there are older ones."""

    subscription: Subscription
    title: LocalizedText
    changes: Sequence[Change]
    more: bool
    revision: int


class Operations:
    """Counts once for each revision, however many look, and only what is new. `fed`: as `Measuring`."""

    def __init__(self, store: Store, now: Callable[[], datetime], fed: Callable[[], int]) -> None:
        self._store, self._now, self._fed = store, now, fed
        self._turns, self._shelf, self._census, self._parties = Turns(store), Shelf(), Census(), Parties()
        self._known: Overview | None = None

    async def look(self) -> tuple[Overview, Measures]:
        """All of it in one snapshot, counted anew when the ledger has moved or a deadline has passed.

        Errors: the store's.
        """
        return await self._turns.read(self._look)

    async def timeline(self, name: str) -> Timeline:
        """Of a subscription. Errors: RESOURCE_NOT_FOUND, NAME_INVALID."""
        names.check(name, "subscription")
        return await self._store.read(lambda view: _timeline(view, name))

    def _look(self, view: View) -> tuple[Overview, Measures]:
        measures = measured(view, self._fed(), self._census)
        return self._current(view), measures

    def _current(self, view: View) -> Overview:
        known = self._known
        if (
            known is None
            or (known.generation, known.revision) != (view.generation, view.revision)
            or known.until < self._now().timestamp()
        ):
            known = self._known = self._count(view)
        return known

    def _count(self, view: View) -> Overview:
        self._shelf.follow(view)
        self._parties.follow(view)
        progress, absent = self._progress(view)
        progress.sort(key=lambda each: (-each.overdue, -each.late, each.offering))
        counted = [each for each in progress if each.campaign is None]
        late = chain(self._late(view), absent)
        return Overview(
            revision=view.revision,
            generation=view.generation,
            rollouts=progress[:ROLLOUTS],
            rollouts_in_all=len(progress),
            late=list(islice(late, LAGGARDS)),
            late_in_all=sum(each.late for each in counted) + sum(each.absent for each in progress),
            changes=view.changes(max(view.head().floor, view.revision - CHANGES + 1), CHANGES)[::-1],
            until=self._next_deadline(),
        )

    def _next_deadline(self) -> float:
        campaigns = (each for offering in self._shelf.offerings.values() for each in offering.campaigns)
        deadlines = (each.deadline.ToMicroseconds() / 1_000_000 for each in campaigns)
        return min((each for each in deadlines if each > self._now().timestamp()), default=math.inf)

    def _progress(self, view: View) -> tuple[list[Progress], list[Late]]:
        """Every rollout, and the organisations that campaigns wait for and that have not joined."""
        found, absent = list(self._releases()), list[Late]()
        for offering in self._shelf.offerings.values():
            for campaign in offering.campaigns:
                request = GetConvergenceRequest(name=offering.name, campaign=campaign.id)
                hit = rollout(view, request, self._census, self._parties)
                found.append(self._campaign(hit, offering.title))
                absent += _absent(hit, offering.title)
        return found, absent

    def _releases(self) -> Iterator[Progress]:
        for name, groups in self._census.groups():
            live = [each for each in groups if each.live]
            newest = self._shelf.newest(name)
            there = sum(len(each.reports) for each in live if each.there({newest}))
            if live:
                yield Progress(name, self._title(name), newest, sum(len(each.reports) for each in live), there)

    def _campaign(self, found: Rollout, title: LocalizedText) -> Progress:
        over = found.campaign.deadline.ToMicroseconds() < round(self._now().timestamp() * 1_000_000)
        return Progress(
            found.name,
            title,
            found.release,
            len(found.live),
            len(found.live) - len(found.late),
            found.campaign,
            len(found.required - found.done) if over else 0,
            len(found.absent),
        )

    def _late(self, view: View) -> Iterator[Late]:
        offerings = self._census.late(self._shelf.enough(), LAGGARDS)
        for each in laggards(view.reported(list(offerings)), (), {}, LAGGARDS):
            offering = offerings[each.subscription]
            yield Late(offering, self._title(offering), each)

    def _title(self, offering: str) -> LocalizedText:
        found = self._shelf.offerings.get(offering)
        return found.title if found else LocalizedText(sv=names.last(offering))


def _absent(found: Rollout, title: LocalizedText) -> Iterator[Late]:
    for each in laggards((), found.absent, {}, LAGGARDS):
        yield Late(found.name, title, each)


def _timeline(view: View, name: str) -> Timeline:
    document = view.get(name)
    if document is None:
        raise missing(name)
    found = Subscription.FromString(document)
    changes = view.history(name, HISTORY + 1)
    offering = Offering.FromString(view.get(found.offering) or b"")
    title = offering.title if offering.name else LocalizedText(sv=names.last(found.offering))
    return Timeline(found, title, changes[:HISTORY], len(changes) > HISTORY, view.revision)
