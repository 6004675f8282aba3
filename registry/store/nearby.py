"""Offerings that share words with a title, at a bounded cost: what may be like one that is declared.

Search ranks up to a thousand for one query; here many titles are asked in one snapshot, and who is like is found out by
comparing whole offerings. What a word finds is kept: titles that are declared together share most of their words.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import Connection, and_, select

from registry.domain import wording
from registry.domain.ranking import Term
from registry.store.texts import TEXTS
from registry.store.vocabulary import WORDS_ASKED, Vocabulary, found_by

MOST = 100
KEPT = 1024  # words, and sets of words, of which it is known what they find
_OFFERINGS = and_(TEXTS.c.name >= "offerings/", TEXTS.c.name < "offerings0")  # `0` comes after `/`


class Nearby:
    """What titles find in one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._vocabulary = connection, Vocabulary(connection)
        self._terms = lru_cache(KEPT)(self._read_terms)
        self._having = lru_cache(KEPT)(self._read_having)
        self._asked: dict[str, Term] = {}

    def names(self, title: str) -> list[str]:
        """At most `MOST` names, those first that share words which few have, then by name.

        Of a word that more have than that, the first by name; of several such, also those that have all of them.
        """
        words = wording.asked(title)[:WORDS_ASKED]
        self._asked = {term.asked: term for word in words for term in self._terms(word)}
        having: dict[tuple[str, ...], Sequence[str]] = {(asked,): self._having((asked,)) for asked in self._asked}
        common = tuple(sorted(asked for (asked,), names in having.items() if len(names) == MOST))
        if len(common) > 1:
            having[common] = self._having(common)
        worth: defaultdict[str, float] = defaultdict(float)
        for names in having.values():
            for name in names:
                worth[name] += 1 / len(names)
        return sorted(worth, key=lambda name: (-worth[name], name))[:MOST]

    def _read_terms(self, word: str) -> Sequence[Term]:
        """The word, and the parts of a compound."""
        term, _ = self._vocabulary.term(word)
        return (term, *term.parts)

    def _read_having(self, asked: tuple[str, ...]) -> Sequence[str]:
        each = (found_by(self._connection.dialect.name, self._asked[word]) for word in asked)
        query = select(TEXTS.c.name).where(_OFFERINGS, *each).order_by(TEXTS.c.name).limit(MOST)
        return self._connection.execute(query).scalars().all()
