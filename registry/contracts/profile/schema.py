"""Schemas of an OpenAPI document: those inside others, and what one says with its references and parts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from registry.contracts.profile.place import Place

_PARTS = 64
_DEPTH = 64  # keys from the root
_OBJECTS = ("properties", "patternProperties")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "not")
Inside = dict[tuple[str, ...], list[Place]]  # the schemas that stand in one, by its path, the last first
_HOLDING = frozenset({"$ref", *_OBJECTS, *_LISTS, *_SINGLE})


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A schema with what it refers to and what it is put together from (`allOf`).

    `whole` is False when it also depends on what is not in the document or on a choice.
    """

    parts: tuple[Place, ...]
    whole: bool

    def properties(self) -> Iterator[tuple[str, Place]]:
        """Each with its schema, as it stands."""
        for part in self.parts:
            yield from part.at("properties").members()

    def first(self, key: str) -> Place | None:
        """The first place where a keyword is set, for example `default`."""
        return next((place for part in self.parts if (place := part.at(key)).value is not None), None)


def shape(schema: Place) -> Shape:
    """Put a schema together. What refers to itself ends."""
    todo, whole = [schema], True
    parts: dict[tuple[str, ...], Place] = {}
    while todo and len(parts) < _PARTS:
        place = todo.pop(0)
        if place.path in parts:
            continue
        parts[place.path] = place
        todo.extend(islice(place.at("allOf").items(), _PARTS))
        whole = whole and not any(place.has(key) and place.at(key).value for key in ("anyOf", "oneOf"))
        if place.has("$ref") and place.at("$ref").value is not None:
            target = place.followed()
            whole = whole and target is not None
            todo.extend([target] if target else [])
    return Shape(tuple(parts.values()), whole and not todo)


def schemas(starts: Iterable[Place], known: Inside) -> Iterator[Place]:
    """Each schema from these on, once, in the order of the document. `known` tells the next walk what this finds."""
    todo, seen = list(starts)[::-1], set()
    while todo:
        place = todo.pop()
        if place.path in seen or len(place.path) > _DEPTH:
            continue
        seen.add(place.path)
        yield place
        if isinstance(place.value, dict) and not _HOLDING.isdisjoint(place.value):
            inside = known.get(place.path)
            if inside is None:
                inside = known[place.path] = list(_inner(place))[::-1]
            todo.extend(inside)


def types(schema: Place) -> frozenset[str]:
    """What it may be: `type` is one name in OpenAPI 3.0 and may be a list of them in 3.1."""
    named = shape(schema).first("type")
    if named is None:
        return frozenset()
    return frozenset({named.text} if named.text else {each.text for each in named.items()})


def _inner(place: Place) -> Iterator[Place]:
    for key, inner in place.members():
        if key == "$ref":
            yield from filter(None, [place.followed()])
        elif key in _OBJECTS:
            yield from (each for _, each in inner.members())
        elif key in _LISTS:
            yield from inner.items()
        elif key in _SINGLE:
            yield inner
