"""How the ledger and its readers stand, in numbers: what the metrics and whoever watches them are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.api.v1.subscription_pb2 import ConvergencePhase, SubscriptionState
from registry.store import Head, View

READERS = ("matcher", "relay")
Counts = Sequence[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class Lag:
    """What a reader has before it: so many changes, the oldest of them of `oldest` (seconds since 1970; 0: none)."""

    changes: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Measures:
    """One look. `subscriptions` are (state, phase, count); `lags` by reader, of those that there are."""

    head: Head
    lags: Mapping[str, Lag]
    parked: int
    subscriptions: Counts


class Measuring:
    """Looks at the store. Subscriptions are counted again only when the ledger has moved."""

    def __init__(self) -> None:
        self._counted: tuple[str, int] = ("", -1)
        self._counts: Counts = ()

    def look(self, view: View, fed: int) -> Measures:
        """How it stands in the snapshot. `fed` is how far this process has fed its watchers."""
        return Measures(view.head(), lags(view, fed), len(view.parked()), self._subscriptions(view))

    def _subscriptions(self, view: View) -> Counts:
        if self._counted != (view.generation, view.revision):
            self._counts = [(state_of(state), phase_of(phase), count) for state, phase, count in view.standing()]
            self._counted = (view.generation, view.revision)
        return self._counts


def lags(view: View, fed: int) -> dict[str, Lag]:
    """What each reader has before it. `fed` is how far this process has fed its watchers."""
    positions = {"feed": fed}
    for name in READERS:
        if (reading := view.reading(name)) is not None:
            positions[name] = reading.revision
    return {name: _lag(view, position) for name, position in positions.items()}


def _lag(view: View, position: int) -> Lag:
    behind = view.revision - position
    if behind <= 0:
        return Lag(0, 0.0)
    oldest = view.changes(max(position + 1, view.head().floor), 1)
    return Lag(behind, oldest[0].time.ToMicroseconds() / 1_000_000 if oldest else 0.0)


def state_of(number: int) -> str:
    """`ACTIVE`."""
    return SubscriptionState.Name(number).removeprefix("SUBSCRIPTION_STATE_")  # type: ignore[arg-type]


def phase_of(number: int) -> str:
    """`PROVEN`."""
    return ConvergencePhase.Name(number).removeprefix("CONVERGENCE_PHASE_")  # type: ignore[arg-type]
