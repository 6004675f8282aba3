"""Each subscription's way to each release, told from the ledger alone: what happened when, in microseconds."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from registry.api.v1.change_pb2 import Change
from registry.api.v1.release_pb2 import ReleaseState
from registry.api.v1.subscription_pb2 import ConvergencePhase, SubscriptionState

STAGES = ("matched", "planned", "applied", "proven")
LEAVING = ("ending", "removed")
_PHASES = {
    ConvergencePhase.CONVERGENCE_PHASE_PLANNED: "planned",
    ConvergencePhase.CONVERGENCE_PHASE_APPLIED: "applied",
    ConvergencePhase.CONVERGENCE_PHASE_ROUTED: "applied",
    ConvergencePhase.CONVERGENCE_PHASE_PROVEN: "proven",
}
_PENDING = SubscriptionState.SUBSCRIPTION_STATE_PENDING_APPROVAL
ENDED = SubscriptionState.SUBSCRIPTION_STATE_ENDED


@dataclass(slots=True)
class Journey:
    """The way of one subscription to one release. `times` has microseconds since 1970 by stage."""

    subscription: str
    offering: str
    release: str
    times: dict[str, int] = field(default_factory=dict)

    def millis(self, stage: str, since: str = "published") -> float | None:
        """Milliseconds from one stage to another; None when either has not come."""
        if stage not in self.times or since not in self.times:
            return None
        return max(0, self.times[stage] - self.times[since]) / 1000


class Journeys:
    """Follows the ledger, change by change."""

    def __init__(self) -> None:
        self.published: dict[str, int] = {}
        self.retired: dict[str, int] = {}
        self.pending: set[str] = set()
        self.states: dict[str, int] = {}
        self._created: dict[str, int] = {}
        self._all: dict[tuple[str, str], Journey] = {}
        self._left: dict[str, Journey] = {}

    def take(self, change: Change) -> None:
        """The next change."""
        time = change.time.ToMicroseconds()
        if change.kind == "release":
            self._release(change, time)
        elif change.kind == "subscription":
            self._subscription(change, time)

    def to(self, release: str) -> list[Journey]:
        """Every subscription's way to a release."""
        return [journey for (_, each), journey in sorted(self._all.items()) if each == release]

    def from_(self, offering: str) -> list[Journey]:
        """Every subscription's way out of an offering that was retired."""
        return [journey for journey in self._left.values() if journey.offering == offering]

    def proven(self) -> Iterable[Journey]:
        """Ways that reached their end."""
        return (journey for journey in self._all.values() if "proven" in journey.times)

    def _release(self, change: Change, time: int) -> None:
        state = change.resource.release.state
        if state == ReleaseState.RELEASE_STATE_PUBLISHED:
            self.published.setdefault(change.name, time)
        elif state == ReleaseState.RELEASE_STATE_RETIRED:
            self.retired[change.name.split("/releases/")[0]] = time

    def _subscription(self, change: Change, time: int) -> None:
        message = change.resource.subscription
        created = self._created.setdefault(change.name, time)
        self.states[change.name] = message.state
        (self.pending.add if message.state == _PENDING else self.pending.discard)(change.name)
        stage, release = _PHASES.get(message.convergence.phase, ""), message.convergence.observed_release
        if release in self.published:
            journey = self._all.setdefault((change.name, release), Journey(change.name, message.offering, release))
            start = self.published[release]
            journey.times |= {"published": start, "matched": max(created, start)}
            if stage and not message.convergence.last_error.reason:
                journey.times.setdefault(stage, time)
        if message.state in {SubscriptionState.SUBSCRIPTION_STATE_ENDING, ENDED} and message.offering in self.retired:
            left = self._left.setdefault(change.name, Journey(change.name, message.offering, ""))
            left.times |= {"retired": self.retired[message.offering]}
            left.times.setdefault("ending", time)
            if message.state == ENDED:
                left.times.setdefault("removed", time)
