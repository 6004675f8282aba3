"""A value in a parsed document together with its JSON pointer: read without trust in its type, references followed."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from registry.domain.organisation_number import contains_personal_number

_HOPS = 8  # references to references
_POINTER = 1000  # characters
_INDEX = 6  # digits


class Place(NamedTuple):
    """`value` is None where there is nothing. `path` holds the keys from the root to it, and tells places apart."""

    root: Any
    path: tuple[str, ...]
    value: Any

    def at(self, *keys: str) -> "Place":
        """The place below it, whether there is something or not. References are not followed."""
        value = self.value
        for key in keys:
            value = _member(value, key)
        return Place(self.root, (*self.path, *keys), value)

    def has(self, key: str) -> bool:
        """Whether a member of that name stands there; asked before `at` where most places have none."""
        return isinstance(self.value, dict) and key in self.value

    def members(self) -> Iterator[tuple[str, "Place"]]:
        """The members of an object, in the order of the document; none of anything else.

        In YAML a key may be a number (`200`): it is read as text. Other keys that are no texts are passed over.
        """
        if isinstance(self.value, dict):
            root, path = self.root, self.path
            for key, value in self.value.items():
                name = str(key) if type(key) is int and 0 <= key < 10**_INDEX else key
                if isinstance(name, str):
                    yield name, Place(root, (*path, name), value)

    def items(self) -> Iterator["Place"]:
        """The items of a list; none of anything else."""
        if isinstance(self.value, list):
            for number, value in enumerate(self.value):
                yield Place(self.root, (*self.path, str(number)), value)

    def followed(self) -> "Place | None":
        """Where its reference leads, itself without one; None when that is not a place in this document."""
        if not self.has("$ref"):
            return None if self.value is None else self
        place, seen = self, {self.path}
        while (reference := place.at("$ref").value) is not None:
            keys = _keys(reference)
            if keys is None or keys in seen or len(seen) > _HOPS:
                return None
            seen.add(keys)
            place = Place(self.root, (), self.root).at(*keys)
        return None if place.value is None else place

    @property
    def text(self) -> str:
        """The text there, without blanks around it; '' when it is none."""
        return self.value.strip() if isinstance(self.value, str) else ""

    @property
    def pointer(self) -> str:
        """Its JSON pointer (RFC 6901), or that of the nearest place above that can be told.

        A pointer ends before it gets long, and before a key that is not valid UTF-8 or looks like a personal number.
        """
        pointer = ""
        for key in self.path:
            longer = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if len(longer) > _POINTER or not _is_repeatable(key):
                break
            pointer = longer
        return pointer


def _member(value: Any, key: str) -> Any:
    if isinstance(value, dict) and key in value:
        return value[key]
    if not key.isdecimal():
        return None
    number = int(key) if key.isascii() and len(key) <= _INDEX else None
    if isinstance(value, dict):
        return value.get(number)
    if isinstance(value, list) and number is not None and number < len(value):
        return value[number]
    return None


def _keys(reference: Any) -> tuple[str, ...] | None:
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    keys = unquote(reference[2:]).split("/")
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in keys)


def _is_repeatable(key: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in key) and not contains_personal_number(key)
