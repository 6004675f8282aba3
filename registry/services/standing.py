"""Standing orders, filed under what an offering must have to match them, so that it is compared with few of many."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import structlog

from registry.api.v1.change_pb2 import Change
from registry.api.v1.interest_pb2 import Interest
from registry.api.v1.offering_pb2 import Offering
from registry.domain import filter as filters
from registry.domain import interest as interests
from registry.domain import names, offering
from registry.domain.filter import And, Comparison, Node, Or
from registry.errors import RegistryError
from registry.services.pages import every
from registry.store import View

Key = tuple[str, str]  # a field and the value that an offering must have there
ANY: Key = ("", "")
# What holds for few offerings first. Other fields have few values: filing by them would make few large buckets.
EXACT = {"name": "=", "capabilities": ":", "provider": "="}
_RANK = {name: rank for rank, name in enumerate(EXACT)}
ACTING = {interests.JOIN, interests.PROPOSE}  # NOTIFY is answered by the organisation's feed, when it is read
NOTHING = Or(())  # nothing satisfies it
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Order:
    interest: Interest
    node: Node | None
    needs: tuple[Comparison, ...]


@dataclass(slots=True)
class Standing:
    """The standing orders as of a revision; later changes are learned. `evaluated` counts filters that were run."""

    revision: int
    evaluated: int = 0
    _orders: dict[str, _Order] = field(default_factory=dict)
    _filed: dict[Key, dict[str, _Order]] = field(default_factory=dict)
    _owned: dict[str, dict[str, _Order]] = field(default_factory=dict)

    @classmethod
    def of(cls, view: View) -> "Standing":
        """All there are in a snapshot."""
        known = cls(view.revision)
        for document in every(view, "interest", "organisations/-"):
            known._put(Interest.FromString(document))
        return known

    def learn(self, changes: Iterable[Change]) -> None:
        """Take in changes of the ledger, in their order; those that are known already are passed over."""
        for change in changes:
            if change.kind == "interest" and change.revision > self.revision:
                self.revision = change.revision
                self._drop(change.name)
                if change.etag:  # a deletion has none
                    self._put(change.resource.interest)

    def wanting(self, message: Offering) -> Iterator[Interest]:
        """Those that want the offering, each once."""
        if message.state == offering.WITHDRAWN:
            return
        keys = [("name", message.name), *(("capabilities", each) for each in message.capabilities)]
        filed = [self._filed.get(key, {}) for key in (*keys, ("provider", message.provider), ANY)]
        for order in {name: order for bucket in filed for name, order in bucket.items()}.values():
            self.evaluated += 1
            if filters.matches(order.node, message):
                yield order.interest

    def of_name(self, name: str) -> list[tuple[Interest, Node | None]]:
        """The order of that name, or those of that organisation, each with what narrows its offerings down."""
        own = self._owned.get(name, {})
        found = own.values() if own else filter(None, [self._orders.get(name)])
        return [(each.interest, Or(each.needs) if each.needs else None) for each in found]

    def _put(self, interest: Interest) -> None:
        if interest.mode not in ACTING:
            return
        node = _parsed(interest)
        order = _Order(interest, node, _needs(node))
        self._orders[interest.name] = order
        self._owned.setdefault(names.parent(interest.name), {})[interest.name] = order
        for key in _keys(order):
            self._filed.setdefault(key, {})[interest.name] = order

    def _drop(self, name: str) -> None:
        order = self._orders.pop(name, None)
        if order is None:
            return
        self._owned[names.parent(name)].pop(name)
        for key in _keys(order):
            self._filed[key].pop(name)


def wants(interest: Interest, message: Offering) -> bool:
    """Whether the interest wants the offering. One that cannot be read wants nothing, and stops no other."""
    if interest.mode not in ACTING or message.state == offering.WITHDRAWN:
        return False
    return filters.matches(_parsed(interest), message)


def _parsed(interest: Interest) -> Node | None:
    """The filter, checked: whatever it is run on, it does not fail."""
    try:
        node = filters.parse(interest.filter)
        filters.check(node, Offering, interests.FILTER_FIELDS)
    except RegistryError as error:  # stored by an older version, perhaps
        log.error("matcher.unreadable_interest", name=interest.name, filter=interest.filter, error=error.message)  # noqa: TRY400 - no fault of ours
        return NOTHING
    return node


def _needs(node: Node | None) -> tuple[Comparison, ...]:
    """Comparisons of which every offering that matches satisfies at least one; none when nothing like it is asked."""
    match node:
        case Comparison(name, operator):
            return (node,) if EXACT.get(name) == operator else ()
        case And(children):
            return min(filter(None, map(_needs, children)), key=_breadth, default=())
        case Or(children):
            found = [_needs(child) for child in children]
            return tuple(each for needs in found for each in needs) if all(found) else ()
    return ()


def _breadth(needs: tuple[Comparison, ...]) -> tuple[int, int]:
    return max(_RANK[each.field] for each in needs), len(needs)


def _keys(order: _Order) -> set[Key]:
    return {(each.field, each.value) for each in order.needs} or {ANY}
