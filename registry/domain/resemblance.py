"""How like two offerings are: so that a body that declares one is told of the one that it could have joined."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

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


def resemblance(one: Offering, other: Offering) -> Resemblance:
    """How like they are, whoever provides them."""
    parts = list(_parts(one, other))
    weight = sum(each for each, _, _ in parts)
    score = sum(each * share for each, share, _ in parts) / weight if weight else 0.0
    return Resemblance(round(score, 3), tuple(text for _, share, text in parts if share >= NOTABLE))


def _parts(one: Offering, other: Offering) -> Iterator[tuple[float, float, str]]:
    """Weight, likeness and sentence of each part."""
    titles = max(
        _dice(_trigrams(one.title.sv), _trigrams(other.title.sv)),
        _dice(_trigrams(one.title.en), _trigrams(other.title.en)),
    )
    yield TITLE, titles, f"Their titles are alike: {other.title.sv or other.title.en}."
    shared = sorted(set(one.capabilities) & set(other.capabilities))
    if one.capabilities or other.capabilities:
        share = _jaccard(set(one.capabilities), set(other.capabilities))
        yield CAPABILITIES, share, f"Both realise {', '.join(shared)}."
    words, others = _words(one), _words(other)
    if words and others:
        yield DESCRIPTION, _jaccard(words, others), "Their descriptions share most of their words."


def _trigrams(text: str) -> set[str]:
    """Letters in threes, the beginning and end of the text among them: small differences of spelling stay small."""
    plain = " ".join(text.lower().split())
    padded = f"  {plain} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)} if plain else set()


def _words(offering: Offering) -> set[str]:
    return set(_WORD.findall(offering.description.sv.lower()))


def _dice(one: Collection[str], other: Collection[str]) -> float:
    return 2 * len(set(one) & set(other)) / (len(one) + len(other)) if one and other else 0.0


def _jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0
