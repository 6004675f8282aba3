"""Whose a resource is: which organisations may change it, and by which action."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from registry.api.v1.agreement_pb2 import AgreementState
from registry.api.v1.offering_pb2 import Offering
from registry.domain import agreement
from registry.domain.authority import AGREE, DECLARE, GRANT, ONBOARD, OPERATE, PUBLISH, REPORT
from registry.domain.names import parent
from registry.domain.rules import Lookup

# What others decide by, such as eligibility: an organisation does not change these of itself.
PROTECTED = (
    "kind",
    "organisation_number",
    "county_code",
    "municipality_code",
    "size",
    "valid_from",
    "valid_to",
    "predecessors",
    "memberships",
)


class Needed(NamedTuple):
    """The action, and the organisations of which one must be acted for; '' stands for the registry itself.

    `field` is the first one that only operators change, where that is the reason.
    """

    action: int
    owners: tuple[str, ...]
    field: str = ""


def needed(message: Any, before: Any | None, verb: str, lookup: Lookup) -> Needed:
    """What it takes to bring a resource from `before` (None: it is new) to this by what the event's verb says."""
    return _NEEDS[message.DESCRIPTOR.name](message, before, verb, lookup)


def owners(message: Any, lookup: Lookup) -> tuple[str, ...]:
    """Every organisation that may change something of it."""
    kind = message.DESCRIPTOR.name
    if kind == "Organisation":
        return (message.name,)
    if kind == "Subscription":
        return (parent(message.name), parent(message.system), provider(message.offering, lookup))
    if kind == "Agreement":
        return (*([message.party] if message.party else ()), provider(message.offering, lookup))
    return needed(message, message, "updated", lookup).owners


def provider(offering: str, lookup: Lookup) -> str:
    """The provider of an offering; '' when there is no such offering."""
    found = lookup.get(Offering, offering)
    return found.provider if found is not None else ""


def _organisation(message: Any, before: Any | None, verb: str, _lookup: Lookup) -> Needed:
    if before is None or verb == "merged":
        return Needed(OPERATE, ("",))
    changed = next((name for name in PROTECTED if getattr(message, name) != getattr(before, name)), "")
    if changed:
        return Needed(OPERATE, ("",), changed)
    # Whoever hosts may act for it: to choose the host is to give rights.
    return Needed(GRANT if message.host != before.host else DECLARE, (message.name,))


def _agreement(message: Any, before: Any | None, verb: str, lookup: Lookup) -> Needed:
    """The provider proposes; the party accepts, or for a class the provider, who has the evidence; either side ends.

    Before its state is settled, an entry of a definition file is asked for as a proposal.
    """
    offered_by, party = provider((before or message).offering, lookup), message.party
    both = (party, offered_by) if party else (offered_by,)
    if verb == "recorded":  # by joining
        return Needed(ONBOARD, (party,))
    if before is None and agreement.is_recorded(message):  # by letting somebody in
        return Needed(AGREE, (offered_by,))
    accepted = AgreementState.AGREEMENT_STATE_ACCEPTED
    if message.state == accepted and (before is None or before.state != accepted):
        return Needed(AGREE, (party or offered_by,))
    return Needed(AGREE, (offered_by,) if before is None or agreement.rewords(message, before) else both)


def _subscription(message: Any, _before: Any | None, verb: str, lookup: Lookup) -> Needed:
    if verb in {"approved", "rejected"}:
        return Needed(AGREE, (provider(message.offering, lookup),))
    if verb in {"reported", "converged"}:
        return Needed(REPORT, (parent(message.name), parent(message.system)))
    return Needed(ONBOARD, (parent(message.name),))


def _access(message: Any, _before: Any | None, _verb: str, _lookup: Lookup) -> Needed:
    return Needed(GRANT if message.organisation else OPERATE, (message.organisation,))


def _offering(message: Any, _before: Any | None, verb: str, _lookup: Lookup) -> Needed:
    return Needed(PUBLISH if verb == "withdrawn" else DECLARE, (message.provider,))


_NEEDS: Mapping[str, Callable[[Any, Any | None, str, Lookup], Needed]] = {
    "Organisation": _organisation,
    "System": lambda message, _before, _verb, _lookup: Needed(DECLARE, (parent(message.name),)),
    "Capability": lambda _message, _before, _verb, _lookup: Needed(OPERATE, ("",)),
    "Offering": _offering,
    "Release": lambda message, _b, _v, lookup: Needed(PUBLISH, (provider(parent(message.name), lookup),)),
    "Interest": lambda message, _before, _verb, _lookup: Needed(ONBOARD, (parent(message.name),)),
    "Agreement": _agreement,
    "Subscription": _subscription,
    "Grant": _access,
    "Key": _access,
}
