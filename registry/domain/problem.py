"""A fault in a file that people keep: where it is, what is wrong and what would be right."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from registry.domain.organisation_number import contains_personal_number

_SHOWN = 80
_BEGINNING = 3


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Line and column count from 1; 0 means the file, or the line, as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """`message` says what is wrong; `suggestion` is what was probably meant, or empty."""

    place: Place
    message: str
    suggestion: str = field(default="")

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f" Did you mean {self.suggestion}?" if self.suggestion else "")


def quoted(text: str) -> str:
    """The text as it may be repeated: cut, and never a personal number."""
    if contains_personal_number(text):
        return "a text that is not repeated here (it looks like a personal identity number)"
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...")


def nearest(word: str, choices: Iterable[str]) -> str:
    """The choice that was probably meant, or ''."""
    by_key = {choice.lower(): choice for choice in choices}
    word = word.lower()
    found = difflib.get_close_matches(word, list(by_key), n=1)
    found = found or [key for key in by_key if len(word) >= _BEGINNING and key.startswith(word)]
    return by_key[found[0]] if found else ""
