"""How like two offerings are: so that a body that declares one is told of the one that it could have joined."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from registry.api.v1.offering_pb2 import Offering

ALIKE = 0.6  # from here on it is told
# What each part of the resemblance weighs. What neither offering has does not count.
TITLE, CAPABILITIES, DESCRIPTION = 0.45, 0.35, 0.2
NOTABLE = 0.5
_WORD = re.compile(r"\w{4,}")


@dataclass(frozen=True, slots=True)
class Resemblance:
    """`score` from 0 to 1, and a sentence for each part that is notable."""

    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Traits:
    """What an offering is compared by; worked out once, however many it is held beside."""

    title: str
    swedish: frozenset[str]
    english: frozenset[str]
    capabilities: frozenset[str]
    words: frozenset[str] = field(repr=False)


def traits(offering: Offering) -> Traits:
    """Those of an offering."""
    return Traits(
        offering.title.sv or offering.title.en,
        _trigrams(offering.title.sv),
        _trigrams(offering.title.en),
        frozenset(offering.capabilities),
        frozenset(_WORD.findall(offering.description.sv.lower())),
    )


def resemblance(one: Traits, other: Traits) -> Resemblance:
    """How like they are, whoever provides them."""
    parts = list(_parts(one, other))
    weight = sum(each for each, _, _ in parts)
    score = sum(each * share for each, share, _ in parts) / weight if weight else 0.0
    return Resemblance(round(score, 3), tuple(text for _, share, text in parts if share >= NOTABLE))


def _parts(one: Traits, other: Traits) -> Iterator[tuple[float, float, str]]:
    """Weight, likeness and sentence of each part."""
    titles = max(_dice(one.swedish, other.swedish), _dice(one.english, other.english))
    yield TITLE, titles, f"Their titles are alike: {other.title}."
    if one.capabilities or other.capabilities:
        shared = ", ".join(sorted(one.capabilities & other.capabilities))
        yield CAPABILITIES, _jaccard(one.capabilities, other.capabilities), f"Both realise {shared}."
    if one.words and other.words:
        yield DESCRIPTION, _jaccard(one.words, other.words), "Their descriptions share most of their words."


def _trigrams(text: str) -> frozenset[str]:
    """Letters in threes, the beginning and end of the text among them: small differences of spelling stay small."""
    plain = " ".join(text.lower().split())
    padded = f"  {plain} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2)) if plain else frozenset()


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0
