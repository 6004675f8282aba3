"""To whom a stream is shown what: looked up again whenever rights may have changed, so that what was taken is gone."""

from dataclasses import dataclass
from typing import Any

from registry.api.v1.agreement_pb2 import Agreement
from registry.api.v1.subscription_pb2 import Subscription
from registry.domain.authority import PUBLIC, Sight
from registry.domain.shown import Known, joined, shows
from registry.rpc.caller import metadata_of
from registry.rpc.doorkeeper import Doorkeeper
from registry.rpc.tail import Entry, Tail
from registry.services.pages import every
from registry.store import Store, View


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: how long one write and a whole snapshot may take before the reader is cut, and how long a stream lives.

    `streams`: how many a principal may have at a time.

    A snapshot holds a transaction open: SQLite cannot reuse its log and PostgreSQL cannot tidy up for so long.
    """

    slow_reader: float = 30.0
    snapshot: float = 300.0
    stream: float = 1800.0
    streams: int = 100


class Viewer:
    """Who watches. `look` before `sees`."""

    def __init__(self, door: Doorkeeper, context: Any, tail: Tail, store: Store, limits: Limits) -> None:
        self._door, self._context, self._tail, self._store, self.limits = door, context, tail, store, limits
        self.sight: Sight = PUBLIC
        self._joined: set[str] = set()
        self._known = Known(tail.offerings.get, self._joined.__contains__)

    async def look(self) -> None:
        """See who it is now. Errors: Unauthenticated when it is nobody any more."""
        sight = (await self._door.enter(self._context, metadata_of(self._context))).authority.sight
        if sight != self.sight:
            involved = await self._store.read(lambda view: _involved(view, sight), sight=sight)
            self._joined.clear()
            self._joined |= involved
        self.sight = sight

    def sees(self, entry: Entry) -> bool:
        """Whether a change is shown, by what its resource is now: what is hidden today has no history."""
        if self.sight.everything:
            return True
        subject = entry.subject
        if entry.kind == "offering":
            subject = self._tail.offerings.get(entry.name, subject)
        seen = shows(self.sight, subject, self._known)
        if joined(self.sight, subject):
            self._joined.add(subject.offering)
        return seen


def _involved(view: View, sight: Sight) -> set[str]:
    """The offerings that the organisations have an agreement or a subscription to."""
    subscriptions = map(Subscription.FromString, every(view, "subscription", "organisations/-"))
    agreements = map(Agreement.FromString, every(view, "agreement", ""))
    found: list[Any] = [*subscriptions, *agreements]
    return {each.offering for each in found if joined(sight, each)}
