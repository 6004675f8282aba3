"""Rules of offerings and their terms: who may join, who decides, how long notice is."""

from typing import Any
from collections.abc import Iterable

from registry.api.v1.offering_pb2 import ApprovalMode, Offering, OfferingState, Visibility
from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import filter as filters
from registry.domain import limits, text
from registry.domain.rules import Reference, Rules
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
    }
)


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
    if not 0 <= message.terms.notice_days <= limits.NOTICE_DAYS:
        found.add("terms.notice_days", f"must be between 0 and {limits.NOTICE_DAYS}")
    try:
        filters.check(filters.parse(message.terms.eligibility), Organisation, ELIGIBILITY_FIELDS)
    except RegistryError as error:
        found.take("terms.eligibility", error)


def _references(message: Offering) -> Iterable[Reference]:
    yield Reference("provider", "organisation", message.provider)
    for name in message.capabilities:
        yield Reference("capabilities", "capability", name)


def withdraw(message: Offering) -> None:
    """Close it to new subscribers. Errors: STATE_TRANSITION_ILLEGAL when it is closed."""
    if message.state == WITHDRAWN:
        state: dict[str, Any] = {"from": "OFFERING_STATE_WITHDRAWN", "to": "OFFERING_STATE_WITHDRAWN"}
        raise Precondition("STATE_TRANSITION_ILLEGAL", f"{message.name} is withdrawn.", name=message.name, **state)
    message.state = WITHDRAWN


def check_open(message: Offering) -> None:
    """Refuse what needs an offering that is not withdrawn. Errors: STATE_TRANSITION_ILLEGAL."""
    if message.state == WITHDRAWN:
        state: dict[str, Any] = {"from": "OFFERING_STATE_WITHDRAWN", "to": "OFFERING_STATE_ACTIVE"}
        text_ = f"{message.name} is withdrawn: choose another offering."
        raise Precondition("STATE_TRANSITION_ILLEGAL", text_, name=message.name, **state)


def check_eligible(message: Offering, organisation: Organisation) -> None:
    """Refuse an organisation that the terms do not let in. Errors: NOT_ELIGIBLE with the condition that fails."""
    condition = filters.explain(filters.parse(message.terms.eligibility), organisation)
    if organisation.valid_to:
        condition = condition or f"valid_to = '' (it ended on {organisation.valid_to})"
    if condition:
        text_ = f"{organisation.name} may not join {message.name}: the terms ask for {condition}."
        names: dict[str, Any] = {"organisation": organisation.name, "offering": message.name, "condition": condition}
        raise Precondition("NOT_ELIGIBLE", text_, **names)


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
        "labels",
        "annotations",
    ),
    immutable=("provider",),
    complete=_complete,
    check=_check,
    references=_references,
)
