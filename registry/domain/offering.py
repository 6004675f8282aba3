"""Rules of offerings and their terms: who may join, who decides, how long notice is."""

import re
from collections.abc import Iterable
from typing import Any

from registry.api.v1.capability_pb2 import Capability, CapabilityState
from registry.api.v1.offering_pb2 import ApprovalMode, Offering, OfferingState, Terms, Visibility
from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import campaign, limits, text
from registry.domain import filter as filters
from registry.domain.rules import Lookup, Reference, Rules
from registry.domain.unmet import Unmet, sentences, unmet
from registry.domain.violations import Violations
from registry.errors import Precondition, RegistryError

ACTIVE, WITHDRAWN = OfferingState.OFFERING_STATE_ACTIVE, OfferingState.OFFERING_STATE_WITHDRAWN
ELIGIBILITY_FIELDS = frozenset(
    {
        "name",
        "kind",
        "organisation_number",
        "host",
        "county_code",
        "municipality_code",
        "valid_to",
        "size.inhabitants",
        "size.employees",
        "title.sv",
        "memberships",
        "capabilities",
    }
)
CHANGES = ("created", "updated", "hidden", "shown")
_COUNTED = re.compile(r"(.*)\+(\d{1,9})", re.ASCII | re.DOTALL)


def _complete(message: Offering) -> None:
    message.state = message.state or ACTIVE
    message.visibility = message.visibility or Visibility.VISIBILITY_PUBLIC
    message.terms.approval = message.terms.approval or ApprovalMode.APPROVAL_MODE_MANUAL


def _check(message: Offering, found: Violations) -> None:
    text.name(message.provider, "organisation", "provider", found, required=True)
    text.title(message.title, "title", found)
    limits.at_most("capabilities", len(message.capabilities), limits.OFFERING_CAPABILITIES)
    for name in message.capabilities:
        text.name(name, "capability", "capabilities", found, required=True)
    if len(set(message.capabilities)) != len(message.capabilities):
        found.add("capabilities", "names one twice; name each once")
    for field in ("information_class", "visibility"):
        text.enum(message, field, found)
    text.address(message.contact, "contact", found)
    text.enum(message.terms, "approval", found)
    limits.at_most("terms.version characters", len(message.terms.version), limits.TERMS_VERSION_CHARACTERS)
    if not 0 <= message.terms.notice_days <= limits.NOTICE_DAYS:
        found.add("terms.notice_days", f"must be between 0 and {limits.NOTICE_DAYS}")
    try:
        filters.check(filters.parse(message.terms.eligibility), Organisation, ELIGIBILITY_FIELDS)
    except RegistryError as error:
        found.take("terms.eligibility", error)
    campaign.check(message, ELIGIBILITY_FIELDS, found)
    limits.at_most("visible_to", len(message.visible_to), limits.VISIBLE_TO)
    for name in message.visible_to:
        text.name(name, "organisation", "visible_to", found, required=True)


def _references(message: Offering) -> Iterable[Reference]:
    yield Reference("provider", "organisation", message.provider)
    for name in message.capabilities:
        yield Reference("capabilities", "capability", name)
    yield from campaign.references(message)
    for name in message.visible_to:
        yield Reference("visible_to", "organisation", name)


def _fits(after: Offering, before: Offering | None, lookup: Lookup, found: Violations) -> None:
    """A capability that was retired stays where it is named, and is named nowhere else. A version has one text."""
    after.terms.version = _version(after.terms, before.terms if before is not None else None)
    for name in after.capabilities:
        if before is not None and name in before.capabilities:
            continue
        capability = lookup.get(Capability, name)
        if capability is not None and capability.state == CapabilityState.CAPABILITY_STATE_RETIRED:
            found.add("capabilities", f"names {name}, which is retired: choose another")


def _version(after: Terms, before: Terms | None) -> str:
    """The version of the terms: as sent, but counted on where it is the one before with other terms.

    A version that is not sent, or sent with a lower count, is the one before: files in git need not know the count.
    """
    if before is None:
        return after.version or "1"
    name, count = _counted(before.version or "1")
    sent, sent_count = _counted(after.version or name)
    if sent != name or sent_count > count:
        return after.version
    return f"{name}+{count + 1}" if _text(after) != _text(before) else before.version


def _counted(version: str) -> tuple[str, int]:
    found = _COUNTED.fullmatch(version)
    return (found[1], int(found[2])) if found else (version, 1)


def _text(terms: Terms) -> bytes:
    """All that a version stands for."""
    copy = Terms()
    copy.CopyFrom(terms)
    copy.ClearField("version")
    return copy.SerializeToString(deterministic=True)


def withdraw(message: Offering) -> None:
    """Close it to new subscribers. Errors: STATE_TRANSITION_ILLEGAL when it is closed."""
    if message.state == WITHDRAWN:
        state: dict[str, Any] = {"from": "OFFERING_STATE_WITHDRAWN", "to": "OFFERING_STATE_WITHDRAWN"}
        raise Precondition("STATE_TRANSITION_ILLEGAL", f"{message.name} is withdrawn.", name=message.name, **state)
    message.state = WITHDRAWN


def is_public(message: Offering) -> bool:
    """Whether everybody may know of it."""
    return message.visibility in {0, Visibility.VISIBILITY_PUBLIC}


def verb(after: Any, before: Any | None) -> str:
    """What an event says of a change, one of CHANGES: that it was hidden from the public or shown to it, if so."""
    if before is None or not isinstance(after, Offering) or is_public(after) == is_public(before):
        return "created" if before is None else "updated"
    return "shown" if is_public(after) else "hidden"


def check_open(message: Offering) -> None:
    """Refuse what needs an offering that is not withdrawn. Errors: STATE_TRANSITION_ILLEGAL."""
    if message.state == WITHDRAWN:
        state: dict[str, Any] = {"from": "OFFERING_STATE_WITHDRAWN", "to": "OFFERING_STATE_ACTIVE"}
        text_ = f"{message.name} is withdrawn: choose another offering."
        raise Precondition("STATE_TRANSITION_ILLEGAL", text_, name=message.name, **state)


def check_eligible(message: Offering, organisation: Organisation) -> None:
    """Refuse an organisation that the terms do not let in. Errors: NOT_ELIGIBLE with every condition that fails."""
    failed = unmet(filters.parse(message.terms.eligibility), organisation)
    if organisation.valid_to:
        failed.append(Unmet("valid_to", f"is {organisation.valid_to}, must be empty", "valid_to = ''"))
    if failed:
        words = sentences(failed)
        text_ = f"{organisation.name} may not join {message.name}: {words}."
        names: dict[str, Any] = {"organisation": organisation.name, "offering": message.name, "failed": words}
        violations = [(each.field, each.what) for each in failed]
        raise Precondition("NOT_ELIGIBLE", text_, violations=violations, condition=failed[0].condition, **names)


RULES = Rules(
    noun="offering",
    kind=Offering,
    settable=(
        "provider",
        "title",
        "description",
        "capabilities",
        "information_class",
        "legal_basis",
        "contact",
        "terms",
        "visibility",
        "service_level",
        "campaigns",
        "visible_to",
        "labels",
        "annotations",
    ),
    immutable=("provider",),
    complete=_complete,
    check=_check,
    references=_references,
    fits=_fits,
)
