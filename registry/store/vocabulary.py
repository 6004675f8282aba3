"""Which words of the registry a query may mean: its forms, what begins or ends with it, its parts, what was meant."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, select

from registry.domain import likeness, lookup, wording
from registry.domain.ranking import Term
from registry.store import rows
from registry.store.dialects import matching
from registry.store.texts import TEXTS, WORDS

MOST = 256  # words by which one word of a query is answered, of those that begin or end with it
WORDS_ASKED = 16
_CANDIDATES = 8
_SPLIT_FROM = 6  # letters
_BEGINNING = 6  # letters of a key: five of a word
_BEYOND = "\U0010ffff"  # after every letter of a key
_BETWEEN = (
    select(WORDS.c.word)
    .where(WORDS.c.key >= bindparam("low"), WORDS.c.key < bindparam("high"))
    .order_by(WORDS.c.key, WORDS.c.word)
    .limit(MOST)
)
_NEIGHBOURS = (
    select(WORDS.c.key).where(WORDS.c.key < bindparam("key")).order_by(WORDS.c.key.desc()).limit(1),
    select(WORDS.c.key).where(WORDS.c.key >= bindparam("key")).order_by(WORDS.c.key).limit(1),
)
_AMONG = select(WORDS.c.key, WORDS.c.word).where(WORDS.c.key.in_(bindparam("keys", expanding=True)))


class Vocabulary:
    """The words of one snapshot. `shown`: the texts that may be told of; None for all."""

    def __init__(self, connection: Connection, shown: ColumnElement[bool] | None = None) -> None:
        self._connection, self._shown = connection, shown

    def terms(self, query: str) -> tuple[list[Term], str]:
        """What to look for, and the corrected query ('' when nothing was corrected)."""
        terms, corrected = [], query
        for word in wording.asked(query)[:WORDS_ASKED]:
            term, meant = self.term(word)
            corrected = wording.replaced(corrected, word, meant) if meant else corrected
            terms.append(term)
        return terms, corrected if corrected != query else ""

    def term(self, word: str) -> tuple[Term, str]:
        """What to look for, and which word was meant ('' for the word itself)."""
        term = self._term(word)
        return (term, "") if self._occurs(term) else self._instead(term)

    def _instead(self, term: Term) -> tuple[Term, str]:
        """What to look for in the place of a word that occurs nowhere, and which word was meant ('' for itself)."""
        if meant := self._meant(term.asked):
            return self._term(meant), meant
        return self._half_known(term.asked) if term.asked.isalpha() else term, ""

    def _term(self, asked: str) -> Term:
        """A word with all that answers it; a compound also with its parts."""
        whole = self._answers(asked.replace("-", ""))
        parts = asked.split("-") if "-" in asked else self._parts(asked)
        if max(whole.words.values(), default=0) >= likeness.MARKS and any(len(part) < wording.STEM for part in parts):
            parts = []  # it is written as it was asked for: parts as short as `lov` would add but chance
        return replace(whole, parts=tuple(map(self._answers, parts)))

    def _answers(self, asked: str) -> Term:
        plain, short = wording.fold(asked), wording.fold(wording.root(asked))
        found = {word for _, word in self._among({lookup.WORD + plain, *map(_form, wording.stems(asked))})}
        for sign, beginning, least in (
            (lookup.WORD, short if len(short) >= wording.STEM else plain, wording.PREFIX),
            (lookup.TAIL, short, wording.PART),
        ):
            if len(beginning) >= least:
                found.update(self._beginning(sign + beginning))
        known = self._known({key for word in found for key in likeness.heads(asked, word)})
        answers = {word: good for word in sorted(found) if (good := likeness.likeness(asked, word, known))}
        return Term(asked, answers)

    def _parts(self, asked: str) -> list[str]:
        if len(asked) < _SPLIT_FROM or not asked.isalpha():
            return []
        return likeness.split(asked, self._known(lookup.substrings(asked)))

    def _half_known(self, asked: str) -> Term:
        """A compound of which only other compounds know the beginning, as `livsmedels`: its neighbours tell."""
        key = lookup.WORD + wording.fold(asked)
        near = [row for query in _NEIGHBOURS for row in self._connection.execute(query, {"key": key}).scalars()]
        heads = {key[:end] for other in near for end in range(_BEGINNING, likeness.common(key, other) + 1)}
        parts = likeness.split(asked, heads | self._known(lookup.substrings(asked))) if heads else []
        return Term(asked, {}, tuple(map(self._answers, parts)))

    def _meant(self, asked: str) -> str:
        """The likeliest word that somebody meant who typed this, among those that occur; '' when there is none."""
        found = {word for _, word in self._among(lookup.misspelt(asked))}
        likely = likeness.meant(asked, found)[:_CANDIDATES]
        return next((word for word in likely if self._occurs(Term(word, {word: 1.0}))), "")

    def _occurs(self, term: Term) -> bool:
        if term.parts and all(map(self._occurs, term.parts)):
            return True
        query = select(TEXTS.c.name).where(found_by(self._connection.dialect.name, term))
        if self._shown is not None:
            query = query.where(self._shown)
        return self._connection.execute(query.limit(1)).first() is not None

    def _beginning(self, low: str) -> Iterable[str]:
        return self._connection.execute(_BETWEEN, {"low": low, "high": low + _BEYOND}).scalars()

    def _known(self, keys: set[str]) -> set[str]:
        return {key for key, _ in self._among(keys)}

    def _among(self, keys: set[str]) -> list[Any]:
        return [row for part in rows.parts(sorted(keys), MOST) for row in self._read(part)]

    def _read(self, keys: Sequence[str]) -> Sequence[Any]:
        return self._connection.execute(_AMONG, {"keys": keys}).all()


def _form(stem: str) -> str:
    return lookup.FORM + wording.fold(stem)


def found_by(dialect: str, term: Term) -> ColumnElement[bool]:
    """The rows of `texts` that answer the word itself."""
    return matching(dialect, term.words or [term.asked], term.prefix)
