"""The words that offerings are found by, written in the commit of what they belong to.

An organisation, a capability and an offering have a row each. Offerings are joined with those of their provider and
capabilities when somebody searches, so that a new title of either is one row, however many offerings it concerns.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from registry.domain import lookup, wording
from registry.domain.ranking import BASIS, DESCRIPTION, LABELS, TITLE
from registry.store import rows
from registry.store.dialects import insert, insert_missing
from registry.store.known import Known
from registry.store.tables import TextRow, WordRow

TEXTS: Any = TextRow.__table__  # type: ignore[attr-defined]
WORDS: Any = WordRow.__table__  # type: ignore[attr-defined]
BETWEEN = "|"  # fields; no word has it
FIELDS = (TITLE, DESCRIPTION, LABELS, BASIS)
_THERE = select(WORDS.c.word).where(WORDS.c.key.in_(bindparam("keys", expanding=True)))


def _both(text: Any) -> str:
    return f"{text.sv}\n{text.en}"


def _titled(message: Any) -> list[str]:
    return [_both(message.title)]


def _offering(message: Any) -> list[str]:
    labels = "\n".join(f"{key}\n{value}" for key, value in sorted(message.labels.items()))
    return [_both(message.title), _both(message.description), labels, message.legal_basis]


TEXTS_OF: Mapping[str, Callable[[Any], list[str]]] = {
    "organisation": _titled,
    "capability": _titled,
    "offering": _offering,
}


def write(connection: Connection, known: Known, noun: str, new: Sequence[Any]) -> None:
    """File the new versions in the place of those before, where their texts are others."""
    texts = TEXTS_OF[noun]
    changed = [message for message in new if not _same(texts, message, known.get(message.name))]
    filed = [{"revision": each.revision, "name": each.name, "words": filed_as(texts(each))} for each in changed]
    remove(connection, [each.name for each in changed if not known.absent(each.name)])
    rows.write(connection, TEXTS, filed, insert)
    _learn(connection, known, dict.fromkeys(word for row in filed for word in row["words"].split()))


def remove(connection: Connection, names: Sequence[str]) -> None:
    """Forget the words of these."""
    rows.remove(connection, TEXTS, "name", names)


def filed_as(texts: Iterable[str]) -> str:
    """The words of the fields, single spaces between everything, so that each engine takes them apart alike."""
    found = [word for text in texts for word in (BETWEEN, *wording.words(text))]
    return " ".join(found[1:])


def fields(words: str) -> list[list[str]]:
    """What `filed_as` made one text of, as the words of each field."""
    return [field.split() for field in words.split(BETWEEN)]


def _same(texts: Callable[[Any], list[str]], now: Any, before: bytes | None) -> bool:
    return before is not None and texts(type(now).FromString(before)) == texts(now)


def _learn(connection: Connection, known: Known, words: Iterable[str]) -> None:
    """File words under their keys that the vocabulary does not have yet. A word that is there stays."""
    asked = [word for word in words if word != BETWEEN and word not in known.words]
    own = [lookup.WORD + wording.fold(word) for word in asked]
    there = {row.word for part in rows.parts(own) for row in connection.execute(_THERE, {"keys": part})}
    keys = [{"key": key, "word": word} for word in asked if word not in there for key in lookup.keys(word)]
    rows.write(connection, WORDS, keys, insert_missing)
    known.learn(asked)
