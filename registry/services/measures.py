"""How the ledger and its readers stand, in numbers: what the metrics and whoever watches them are told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from registry.services.abreast import Turns
from registry.services.census import Census, Counts
from registry.store import Head, Store, View

RELAY = "relay"
READERS = ("matcher", RELAY)


@dataclass(frozen=True, slots=True)
class Lag:
    """What a reader has before it: so many changes, the oldest of them of `oldest` (seconds since 1970; 0: none)."""

    changes: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Measures:
    """One look. `lags` by reader, of those that there are; `parked`: resources whose events are held back.

    `subscriptions`: (state, phase, count) of those that are not over.
    """

    head: Head
    lags: Mapping[str, Lag]
    parked: int
    subscriptions: Counts


class Measuring:
    """Looks at the store. `fed`: up to where watchers of this process are served."""

    def __init__(self, store: Store, fed: Callable[[], int]) -> None:
        self._turns, self._fed, self._census = Turns(store), fed, Census()

    async def look(self) -> Measures:
        """How it stands now. Errors: the store's."""
        return await self._turns.read(lambda view: measured(view, self._fed(), self._census))


def measured(view: View, fed: int, census: Census) -> Measures:
    """How it stands in the snapshot, which the census follows."""
    census.follow(view)
    return Measures(view.head(), _lags(view, fed), len(view.parked()), census.standing())


def _lags(view: View, fed: int) -> dict[str, Lag]:
    """What each reader has before it."""
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
