"""What a proven principal may, as the store has it at this moment."""

from collections.abc import Collection, Iterator
from datetime import datetime

from registry.api.v1.access_pb2 import Grant, Key
from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import grant, key
from registry.domain.authority import ALL, GRANT, OPERATE, OWN, READ, Authority, Right, Sight
from registry.domain.filter import Comparison, Node, Or
from registry.domain.organisation import exists
from registry.services.pages import every
from registry.store import View

SETTINGS = "settings"  # the source of an operator's right that the registry was started with


def authority_of(view: View, principal: str, number: str, operators: Collection[str], now: datetime) -> Authority:
    """Its rights: by the number that its certificate proved, by itself when it is a key, and by grants."""
    rights = [*_own(view, number, now), *_key(view, principal, now), *_granted(view, principal, now)]
    if principal in operators:
        rights.append(Right("", ALL, source=SETTINGS))
    found = Authority(tuple(rights))
    return Authority(found.rights, Sight(everything=True) if found.operates else _sight(view, found.rights))


def _own(view: View, number: str, now: datetime) -> Iterator[Right]:
    """The organisation that has the number. Where several share it, the number proves none of them."""
    if not number:
        return
    where = Comparison("organisation_number", "=", number, 0)
    found = [Organisation.FromString(each) for each in every(view, "organisation", "", where)]
    there = [each.name for each in found if exists(each, now)]
    if len(there) == 1:
        yield Right(there[0], OWN, number=number)


def _key(view: View, principal: str, now: datetime) -> Iterator[Right]:
    document = view.get(principal) if principal.startswith("keys/") else None
    if document is not None and key.in_force(held := Key.FromString(document), now):
        yield _right(held)


def _granted(view: View, principal: str, now: datetime) -> Iterator[Right]:
    for document in every(view, "grant", "", Comparison("principal", "=", principal, 0)):
        if grant.in_force(held := Grant.FromString(document), now):
            yield _right(held)


def _right(held: Grant | Key) -> Right:
    """Who operates the registry may do everything in it."""
    actions: frozenset[int] = ALL if not held.organisation and OPERATE in held.actions else frozenset(held.actions)
    return Right(held.organisation, actions, held.name_prefix, held.name, until_us=held.valid_to.ToMicroseconds())


def _sight(view: View, rights: tuple[Right, ...]) -> Sight:
    reads = {right.organisation for right in rights if READ in right.actions}
    taken_over = {before for each in _organisations(view, "name", reads) for before in each.predecessors}
    seen = reads | taken_over | {each.name for each in _organisations(view, "host", reads)}
    circle = seen | {above for each in _organisations(view, "name", seen) for above in each.memberships}
    grants = frozenset(right.organisation for right in rights if GRANT in right.actions)
    return Sight(organisations=frozenset(seen), circle=frozenset(circle), grants=grants)


def _organisations(view: View, field: str, values: Collection[str]) -> list[Organisation]:
    comparisons: tuple[Node, ...] = tuple(Comparison(field, "=", each, 0) for each in sorted(values))
    where = Or(comparisons) if comparisons else None
    return [Organisation.FromString(each) for each in every(view, "organisation", "", where)] if where else []
