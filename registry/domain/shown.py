"""What is shown to whom: the one rule, which the store has in SQL too (`registry.store.sight`) and tests compare."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from google.protobuf.message import Message

from registry.api.v1.access_pb2 import Grant, Key
from registry.api.v1.agreement_pb2 import Agreement
from registry.api.v1.change_pb2 import Change
from registry.api.v1.interest_pb2 import Interest
from registry.api.v1.offering_pb2 import Offering, Visibility
from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import Subscription
from registry.api.v1.system_pb2 import System
from registry.domain.authority import Sight
from registry.domain.filter import Comparison
from registry.domain.names import parent
from registry.domain.rules import Lookup

M = TypeVar("M", bound=Message)
PUBLIC, MEMBERS = Visibility.VISIBILITY_PUBLIC, Visibility.VISIBILITY_MEMBERS


class Known(NamedTuple):
    """Where to look: the offering of a name, and whether an organisation that sees has to do with it already."""

    offering: Callable[[str], Offering | None]
    involved: Callable[[str], bool]


def shows(sight: Sight, message: Any, known: Known) -> bool:
    """Whether a resource, as it is now, is shown."""
    rule = _RULES.get(type(message))
    return sight.everything or rule is None or rule(sight, message, known)


def _below(sight: Sight, message: Any, _known: Known) -> bool:
    return parent(message.name) in sight.organisations


def _agreement(sight: Sight, message: Agreement, known: Known) -> bool:
    theirs = {message.party, _provider(message.offering, known)}
    if not sight.organisations.isdisjoint(theirs):
        return True
    return not message.party and _named(sight, message.offering, known)


def _subscription(sight: Sight, message: Subscription, known: Known) -> bool:
    theirs = {parent(message.name), parent(message.system), _provider(message.offering, known)}
    return not sight.organisations.isdisjoint(theirs)


def _access(sight: Sight, message: Any, _known: Known) -> bool:
    return message.organisation in sight.grants


def _named(sight: Sight, name: str, known: Known) -> bool:
    found = known.offering(name)
    return found is not None and _offering(sight, found, known)


def _offering(sight: Sight, message: Offering, known: Known) -> bool:
    if message.visibility in {0, PUBLIC} or message.provider in sight.organisations:
        return True
    if message.visibility == MEMBERS:
        return bool(sight.organisations)
    return not sight.circle.isdisjoint(message.visible_to) or known.involved(message.name)


def _provider(name: str, known: Known) -> str:
    found = known.offering(name)
    return found.provider if found is not None else ""


def joined(sight: Sight, message: Any) -> bool:
    """Whether by this agreement or subscription an organisation that sees has to do with its offering."""
    if isinstance(message, Subscription):
        return parent(message.name) in sight.organisations
    return isinstance(message, Agreement) and message.party in sight.organisations


def current(change: Change, known: Known) -> Message:
    """What the rule is asked about for a change: an offering as it is now, if it is still there."""
    now = known.offering(change.name) if change.kind == "offering" else None
    message: Message = getattr(change.resource, change.kind)
    return message if now is None else now


def among(lookup: Lookup, sight: Sight) -> Known:
    """What an open transaction knows."""

    def involved(name: str) -> bool:
        here = Comparison("offering", "=", name, 0)
        for body in sight.organisations:
            if lookup.select(Subscription, here, parent=body, limit=1):
                return True
        agreed = lookup.select(Agreement, here)
        return any(each.party in sight.organisations for each in agreed)

    return Known(lambda name: lookup.get(Offering, name), involved)


def reduced(message: M) -> M:
    """As much of a resource as the rule reads."""
    kind: Any = type(message)
    small = kind()
    for field in ("name", "provider", "visibility", "visible_to", "party", "offering", "system", "organisation"):
        if field in kind.DESCRIPTOR.fields_by_name and (value := getattr(message, field)):
            if field == "visible_to":
                small.visible_to.extend(value)
            else:
                setattr(small, field, value)
    return small  # type: ignore[no-any-return]


# What has no rule is public.
_RULES: Mapping[type[Message], Callable[[Sight, Any, Known], bool]] = {
    System: _below,
    Interest: _below,
    Offering: _offering,
    Release: lambda sight, message, known: _named(sight, parent(message.name), known),
    Agreement: _agreement,
    Subscription: _subscription,
    Grant: _access,
    Key: _access,
}
