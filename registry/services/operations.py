"""What operators look at: rollouts, who is late and why, how far readers are behind, and what was written last."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any

from registry.api.v1.change_pb2 import Change
from registry.api.v1.localized_text_pb2 import LocalizedText
from registry.api.v1.offering_pb2 import Campaign, Offering
from registry.api.v1.onboarding_service_pb2 import GetConvergenceRequest, Laggard
from registry.api.v1.subscription_pb2 import Subscription
from registry.domain import convergence, names, subscription
from registry.services.acting import missing
from registry.services.laggards import laggards
from registry.services.measures import Counts, Lag, lags, phase_of, state_of
from registry.services.rollout import Rollout, rollout
from registry.services.shelf import Shelf
from registry.store import Head, Store, View

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

    `standing`: (state, phase, count) of subscriptions that are not over. `until`: seconds since 1970, when a deadline
    passes that had not.
    """

    revision: int
    generation: str
    rollouts: Sequence[Progress]
    rollouts_in_all: int
    late: Sequence[Late]
    late_in_all: int
    changes: Sequence[Change]
    standing: Counts
    until: float


@dataclass(frozen=True, slots=True)
class Behind:
    """What readers of the ledger have before them, and how many resources' events are held back."""

    head: Head
    lags: Mapping[str, Lag]
    parked: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """One subscription, and its entries in the ledger, the newest first; `more` when there are older ones."""

    subscription: Subscription
    title: LocalizedText
    changes: Sequence[Change]
    more: bool
    revision: int


class Operations:
    """Counts once for each revision, however many look. `fed`: up to where watchers of this process are served."""

    def __init__(self, store: Store, now: Callable[[], datetime], fed: Callable[[], int]) -> None:
        self._store, self._now, self._fed = store, now, fed
        self._shelf, self._counting = Shelf(), asyncio.Lock()
        self._known: Overview | None = None

    async def look(self) -> tuple[Overview, Behind]:
        """All of it in one snapshot, counted anew when the ledger has moved or a deadline has passed.

        Errors: the store's.
        """
        async with self._counting:
            return await self._store.read(lambda view: (self._current(view), self._behind(view)))

    async def timeline(self, name: str) -> Timeline:
        """Of a subscription. Errors: RESOURCE_NOT_FOUND, NAME_INVALID."""
        names.check(name, "subscription")
        return await self._store.read(lambda view: _timeline(view, name))

    def _behind(self, view: View) -> Behind:
        return Behind(view.head(), lags(view, self._fed()), len(view.parked()))

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
        tally = view.tally()
        progress, absent = self._progress(view, tally)
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
            standing=_standing(tally),
            until=self._next_deadline(),
        )

    def _next_deadline(self) -> float:
        campaigns = (each for offering in self._shelf.offerings.values() for each in offering.campaigns)
        deadlines = (each.deadline.ToMicroseconds() / 1_000_000 for each in campaigns)
        return min((each for each in deadlines if each > self._now().timestamp()), default=math.inf)

    def _progress(self, view: View, tally: Sequence[Any]) -> tuple[list[Progress], list[Late]]:
        """Every rollout, and the organisations that campaigns wait for and that have not joined."""
        found, absent = list(self._releases(tally)), list[Late]()
        for offering in self._shelf.offerings.values():
            for campaign in offering.campaigns:
                request = GetConvergenceRequest(name=offering.name, campaign=campaign.id)
                measured = rollout(view, request, counts=True)
                found.append(self._campaign(measured, offering.title))
                absent += _absent(measured, offering.title)
        return found, absent

    def _releases(self, tally: Sequence[Any]) -> Iterator[Progress]:
        totals: dict[str, list[int]] = {}
        for row in (each for each in tally if each.state in subscription.LIVE):
            newest = self._shelf.newest(row.offering)
            there = row.phase == convergence.PROVEN and row.observed_release == newest
            total = totals.setdefault(row.offering, [0, 0])
            total[0] += row.number
            total[1] += row.number if there and row.state != subscription.DEGRADED else 0
        for name, (live, proven) in totals.items():
            yield Progress(name, self._title(name), self._shelf.newest(name), live, proven)

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
        rows = view.late(self._shelf.enough(), LAGGARDS)
        offerings = {row.name: Subscription.FromString(row.document).offering for row in rows}
        for each in laggards(rows, (), {}, LAGGARDS):
            offering = offerings[each.subscription]
            yield Late(offering, self._title(offering), each)

    def _title(self, offering: str) -> LocalizedText:
        found = self._shelf.offerings.get(offering)
        return found.title if found else LocalizedText(sv=names.last(offering))


def _standing(tally: Sequence[Any]) -> Counts:
    counts: Counter[tuple[int, int]] = Counter()
    for row in tally:
        counts[row.state, row.phase] += row.number
    return [(state_of(state), phase_of(phase), count) for (state, phase), count in sorted(counts.items())]


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
