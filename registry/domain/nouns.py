"""Every noun's rules, in an order in which references come first."""

from collections.abc import Mapping
from typing import Any

from registry.domain import capability, interest, offering, organisation, release, subscription, system
from registry.domain.rules import Rules

NOUNS: Mapping[str, Rules[Any]] = {
    rules.noun: rules
    for rules in (
        organisation.RULES,
        system.RULES,
        capability.RULES,
        offering.RULES,
        release.RULES,
        interest.RULES,
        subscription.RULES,
    )
}
# What definition files may hold; the rest lives by commands.
APPLIED = ("organisation", "system", "capability", "offering", "release", "interest")
