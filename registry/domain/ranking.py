"""Which offering answers a query best: own rules in one place, so that every engine gives the same order."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from registry.domain.wording import PREFIX

TITLE, CAPABILITIES, PROVIDER, LABELS, DESCRIPTION, BASIS = range(6)
WEIGHTS = {TITLE: 10.0, CAPABILITIES: 6.0, PROVIDER: 5.0, LABELS: 3.0, DESCRIPTION: 3.0, BASIS: 3.0}
_FURTHER = 0.2  # of a weight, where a better field has the word, too
_WHOLE_TITLE = 0.4  # of the title's weight, for a title that has no other words
_IN_PARTS = 0.6  # of the weaker part, for a compound whose parts were found, and not itself
_BEGINS = 0.6
_DIGITS = 6
Fields = Mapping[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a query: words that answer it and how well, what they may begin with, and the parts of a compound."""

    asked: str
    words: Mapping[str, float]
    parts: tuple["Term", ...] = field(default=())

    @property
    def prefix(self) -> str:
        """What words may begin with; '' for a word too short for that."""
        return self.asked if len(self.asked) >= PREFIX else ""


class _Answers(dict[str, float]):
    """How well each word answers a term; found out once for a word, because the same ones come again and again."""

    def __init__(self, term: Term) -> None:
        super().__init__(term.words)
        self._prefix = term.prefix
        self.parts = [_Answers(part) for part in term.parts]

    def __missing__(self, word: str) -> float:
        self[word] = good = _BEGINS if self._prefix and word.startswith(self._prefix) else 0.0
        return good


def ranked(terms: Sequence[Term], found: Mapping[str, Fields], *, every: bool = False) -> list[tuple[float, str]]:
    """Score and name of those that have some of the words, or every one: the best first, equally good ones by name."""
    answers = [_Answers(term) for term in terms]
    points = {name: [_points(each, fields) for each in answers] for name, fields in found.items()}
    points = {name: each for name, each in points.items() if all(each) or not every}
    rarities = [_rarity(column, len(points)) for column in zip(*points.values(), strict=True)]
    scores = ((_total(each, rarities), name) for name, each in points.items())
    return sorted(((score, name) for score, name in scores if score > 0), key=lambda each: (-each[0], each[1]))


def _total(points: Iterable[float], rarities: Iterable[float]) -> float:
    return round(sum(point * rarity for point, rarity in zip(points, rarities, strict=True)), _DIGITS)


def _rarity(column: Sequence[float], count: int) -> float:
    """A word that few of those found have tells more than one that all have."""
    return 1 + math.log(count / max(sum(1 for each in column if each), 1))


def _points(answers: _Answers, fields: Fields) -> float:
    found = [_in_field(answers, number, words) for number, words in fields.items() if words]
    best = max(found, default=0.0)
    own = best + _FURTHER * (sum(found) - best)
    return max(own, _IN_PARTS * min(_points(each, fields) for each in answers.parts)) if answers.parts else own


def _in_field(answers: _Answers, number: int, words: Sequence[str]) -> float:
    best = max(map(answers.__getitem__, words))
    return WEIGHTS[number] * (best + _WHOLE_TITLE * best / len(words) if number == TITLE else best)
