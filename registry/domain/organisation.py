"""Rules of organisations: numbers, hosts, codes, sizes, days of validity, mergers."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import limits, text
from registry.domain.organisation_number import normalise
from registry.domain.rules import Lookup, Reference, Rules
from registry.domain.violations import Violations
from registry.errors import Invalid, Precondition

_COUNTY = re.compile(r"\d{2}", re.ASCII)
_MUNICIPALITY = re.compile(r"\d{4}", re.ASCII)


def _check(message: Organisation, found: Violations) -> None:
    text.enum(message, "kind", found, required=True)
    text.title(message.title, "title", found)
    if message.organisation_number:
        try:
            message.organisation_number = normalise(message.organisation_number)
        except Invalid as error:
            found.take("organisation_number", error)
    text.name(message.host, "organisation", "host", found)
    if message.host and message.host == message.name:
        found.add("host", "must be another organisation")
    _codes(message, found)
    _size(message, found)
    text.day(message.valid_from, "valid_from", found)
    text.day(message.valid_to, "valid_to", found)
    if message.valid_from and message.valid_to and message.valid_to < message.valid_from:
        found.add("valid_to", "must not lie before valid_from")
    limits.at_most("predecessors", len(message.predecessors), limits.PREDECESSORS)
    for name in message.predecessors:
        text.name(name, "organisation", "predecessors", found, required=True)
    text.address(message.digital_lead, "digital_lead", found)
    limits.at_most("memberships", len(message.memberships), limits.MEMBERSHIPS)
    limits.at_most("capabilities", len(message.capabilities), limits.ORGANISATION_CAPABILITIES)
    _listed(message.memberships, "organisation", "memberships", found)
    _listed(message.capabilities, "capability", "capabilities", found)
    if message.name in message.memberships:
        found.add("memberships", "must name other organisations")


def _listed(listed: Sequence[str], noun: str, field: str, found: Violations) -> None:
    for name in listed:
        text.name(name, noun, field, found, required=True)
    if len(set(listed)) != len(listed):
        found.add(field, "names one twice; name each once")


def _codes(message: Organisation, found: Violations) -> None:
    if message.county_code and not _COUNTY.fullmatch(message.county_code):
        found.add("county_code", "must have two digits (SCB länskod), for example 01")
    if message.municipality_code and not _MUNICIPALITY.fullmatch(message.municipality_code):
        found.add("municipality_code", "must have four digits (SCB kommunkod), for example 0180")
    elif message.municipality_code and message.municipality_code[:2] != (
        message.county_code or message.municipality_code[:2]
    ):
        found.add("municipality_code", "must begin with the county_code")


def _size(message: Organisation, found: Violations) -> None:
    size = message.size
    if size.inhabitants < 0:
        found.add("size.inhabitants", "must not be negative")
    if not 0 <= size.employees < float("inf"):
        found.add("size.employees", "must be a number that is not negative")
    text.day(size.as_of, "size.as_of", found, or_year=True)
    if (size.inhabitants or size.employees) and not size.source.strip():
        found.add("size.source", "is required beside a figure: say where it comes from")


def _references(message: Organisation) -> Iterable[Reference]:
    if message.host:
        yield Reference("host", "organisation", message.host)
    for name in message.predecessors:
        yield Reference("predecessors", "organisation", name)
    for name in message.memberships:
        yield Reference("memberships", "organisation", name)
    for name in message.capabilities:
        yield Reference("capabilities", "capability", name)


def _fits(after: Organisation, _before: Organisation | None, lookup: Lookup, found: Violations) -> None:
    """A host must not in the end be hosted by the organisation itself."""
    seen, above = {after.name}, after.host
    while above and above not in seen:
        seen.add(above)
        host = lookup.get(Organisation, above)
        above = host.host if host else ""
    if above:
        found.add("host", f"must not lead back in a circle to {above}")


def exists(message: Organisation, now: datetime) -> bool:
    """Whether its last day has not passed."""
    return not message.valid_to or message.valid_to >= now.date().isoformat()


def absorb(source: Organisation, into: Organisation, last_day: str) -> None:
    """A merger, on the side of the one that ends. Errors: STATE_TRANSITION_ILLEGAL when either has ended already."""
    for each, advice in ((source, "leave it out"), (into, "merge into one that goes on")):
        if each.valid_to:
            message = f"{each.name} ended on {each.valid_to} already; {advice}."
            state: dict[str, Any] = {"from": each.valid_to, "to": last_day}
            raise Precondition("STATE_TRANSITION_ILLEGAL", message, name=each.name, **state)
    source.valid_to = last_day
    if source.name not in into.predecessors:
        into.predecessors.append(source.name)


RULES = Rules(
    noun="organisation",
    kind=Organisation,
    settable=(
        "kind",
        "title",
        "organisation_number",
        "host",
        "county_code",
        "municipality_code",
        "size",
        "valid_from",
        "valid_to",
        "predecessors",
        "digital_lead",
        "memberships",
        "capabilities",
        "labels",
        "annotations",
    ),
    check=_check,
    references=_references,
    fits=_fits,
)
