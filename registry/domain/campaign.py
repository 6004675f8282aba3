"""Rules of campaigns: a step that a class of organisations must have taken by a day, and who is excused."""

import re
from collections import Counter
from collections.abc import Iterable

from registry.api.v1.offering_pb2 import Campaign, Offering
from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import filter as filters
from registry.domain import limits, names, text
from registry.domain.names import SEGMENT
from registry.domain.rules import Reference
from registry.domain.violations import Violations
from registry.errors import RegistryError

_ID = re.compile(SEGMENT, re.ASCII)


def check(message: Offering, fields: frozenset[str], found: Violations) -> None:
    """Note what is wrong with the campaigns of an offering. `fields` are those that a class may ask for."""
    limits.at_most("campaigns", len(message.campaigns), limits.CAMPAIGNS)
    excuses = sum(len(each.excuses) for each in message.campaigns)
    limits.at_most("excuses of all campaigns", excuses, limits.EXCUSES)
    ids = [each.id for each in message.campaigns]
    if len(set(ids)) != len(ids):
        found.add("campaigns", "has two of the same id; give each its own")
    for number, campaign in enumerate(message.campaigns):
        _campaign(campaign, message.name, fields, f"campaigns[{number}]", found)


def _campaign(campaign: Campaign, offering: str, fields: frozenset[str], at: str, found: Violations) -> None:
    if not _ID.fullmatch(campaign.id):
        found.add(f"{at}.id", "must be lower-case letters, digits and hyphens, at most 63")
    text.title(campaign.title, f"{at}.title", found)
    text.name(campaign.release, "release", f"{at}.release", found, required=True)
    if names.is_valid(campaign.release, "release") and offering and names.parent(campaign.release) != offering:
        found.add(f"{at}.release", f"must be a release of {offering}")
    _deadline(campaign, f"{at}.deadline", found)
    try:
        filters.check(filters.parse(campaign.party_class), Organisation, fields)
    except RegistryError as error:
        found.take(f"{at}.party_class", error)
    _excuses(campaign, f"{at}.excuses", found)


def _deadline(campaign: Campaign, field: str, found: Violations) -> None:
    try:
        campaign.deadline.ToDatetime()
    except ValueError:
        found.add(field, "must be a time between the years 1 and 9999")
    if not campaign.deadline.ListFields():
        found.add(field, "is required: say when the step must have been taken")


def _excuses(campaign: Campaign, at: str, found: Violations) -> None:
    for number, excuse in enumerate(campaign.excuses):
        text.name(excuse.organisation, "organisation", f"{at}[{number}].organisation", found, required=True)
        if not excuse.reason.strip():
            found.add(f"{at}[{number}].reason", "is required: say why it is excused")
        limits.at_most(f"{at}[{number}].reason characters", len(excuse.reason), limits.EXCUSE_CHARACTERS)
    for name, count in Counter(each.organisation for each in campaign.excuses).items():
        if count > 1:
            found.add(at, f"has {name} {count} times; name each once")


def references(message: Offering) -> Iterable[Reference]:
    """What the campaigns of an offering name."""
    for number, campaign in enumerate(message.campaigns):
        yield Reference(f"campaigns[{number}].release", "release", campaign.release)
        for place, excuse in enumerate(campaign.excuses):
            yield Reference(f"campaigns[{number}].excuses[{place}].organisation", "organisation", excuse.organisation)
