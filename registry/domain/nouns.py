"""Every noun's rules, in an order in which references come first."""

from collections.abc import Mapping
from typing import Any

from registry.domain import (
    agreement,
    capability,
    grant,
    interest,
    key,
    offering,
    organisation,
    release,
    subscription,
    system,
)
from registry.domain.rules import Rules

NOUNS: Mapping[str, Rules[Any]] = {
    rules.noun: rules
    for rules in (
        capability.RULES,
        organisation.RULES,
        system.RULES,
        offering.RULES,
        release.RULES,
        agreement.RULES,
        interest.RULES,
        subscription.RULES,
        grant.RULES,
        key.RULES,
    )
}
# What definition files may hold; the rest lives by commands.
APPLIED = ("capability", "organisation", "system", "offering", "release", "agreement", "interest")
# What everybody may know; the rest concerns those who take part.
PUBLIC_KINDS = frozenset({"organisation", "capability", "offering", "release"})
