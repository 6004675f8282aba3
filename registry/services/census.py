"""Where every subscription is, kept up by the ledger: counting ten thousand must not read them again."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import NamedTuple

from registry.api.v1.change_pb2 import Change
from registry.api.v1.subscription_pb2 import ConvergencePhase, Subscription, SubscriptionState
from registry.domain import convergence, names, subscription
from registry.services.abreast import Abreast
from registry.store import View

Counts = Sequence[tuple[str, str, int]]
Place = tuple[int, int, str]  # state, phase and observed release


@dataclass(slots=True)
class Group:
    """Subscriptions of an offering that are in one place; `reports`: by name, when each was last heard of (us)."""

    offering: str
    state: int
    phase: int
    release: str
    reports: dict[str, int] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        """Whether it counts."""
        return self.state in subscription.LIVE

    def there(self, enough: Collection[str]) -> bool:
        """Whether they are proven on one of the releases, and nothing worse was heard since."""
        proven = self.phase == convergence.PROVEN and self.release in enough
        return proven and self.state != subscription.DEGRADED


class Counted(NamedTuple):
    """What a rollout counts of a subscription."""

    organisation: str
    state: int
    phase: int
    observed_release: str


class Census(Abreast):
    """Subscriptions that are not over. Takes about 300 bytes for each."""

    kinds = ("subscription",)

    def __init__(self) -> None:
        super().__init__()
        self._groups: dict[str, dict[Place, Group]] = {}
        self._of: dict[str, Group] = {}

    def groups(self) -> Iterator[tuple[str, Collection[Group]]]:
        """Every offering that has subscriptions, and where they are."""
        return ((offering, places.values()) for offering, places in self._groups.items())

    def standing(self) -> Counts:
        """How many there are by (state, phase)."""
        counts: Counter[tuple[int, int]] = Counter()
        for group in (each for _, groups in self.groups() for each in groups):
            counts[group.state, group.phase] += len(group.reports)
        return [(state_of(state), phase_of(phase), count) for (state, phase), count in sorted(counts.items())]

    def counted(self, offering: str) -> list[Counted]:
        """Each of the offering's."""
        groups = self._groups.get(offering, {}).values()
        return [
            Counted(names.parent(name), each.state, each.phase, each.release)
            for each in groups
            for name in each.reports
        ]

    def late(self, enough: Collection[str], limit: int) -> dict[str, str]:
        """Live ones that are not proven on one of the releases, the oldest report first: the offering by name."""
        late = (each for _, groups in self.groups() for each in groups if each.live and not each.there(enough))
        found = nsmallest(limit, ((time, name) for group in late for name, time in group.reports.items()))
        return {name: self._of[name].offering for _, name in found}

    def _read(self, view: View) -> None:
        self._groups, self._of = {}, {}
        for name, offering, state, phase, release, report in view.whereabouts():
            self._put(name, offering, (state, phase, release), report)

    def _take(self, change: Change) -> None:
        self._drop(change.name)
        message: Subscription = change.resource.subscription
        if change.etag and message.state not in subscription.OVER:
            known = message.convergence
            place = (message.state, known.phase, known.observed_release)
            self._put(change.name, message.offering, place, known.report_time.ToMicroseconds())

    def _put(self, name: str, offering: str, place: Place, report: int) -> None:
        places = self._groups.setdefault(offering, {})
        group = places.get(place) or places.setdefault(place, Group(offering, *place))
        group.reports[name] = report
        self._of[name] = group

    def _drop(self, name: str) -> None:
        if (group := self._of.pop(name, None)) is None:
            return
        del group.reports[name]
        if not group.reports:
            del self._groups[group.offering][group.state, group.phase, group.release]


def state_of(number: int) -> str:
    """`ACTIVE`."""
    return SubscriptionState.Name(number).removeprefix("SUBSCRIPTION_STATE_")  # type: ignore[arg-type]


def phase_of(number: int) -> str:
    """`PROVEN`."""
    return ConvergencePhase.Name(number).removeprefix("CONVERGENCE_PHASE_")  # type: ignore[arg-type]
