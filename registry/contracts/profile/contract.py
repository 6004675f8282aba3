"""The parts of an OpenAPI document that rules ask for, each found once however often it is referred to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from registry.contracts.profile.place import Place
from registry.contracts.profile.schema import schemas

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """`parameters` are those of its path and its own, references followed."""

    method: str
    place: Place
    parameters: tuple[Place, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A response, and whether it is given for an error."""

    place: Place
    error: bool


class Contract:
    """A document that nobody has checked: what has the wrong type is passed over."""

    def __init__(self, document: Any) -> None:
        self.root = Place(document, (), document)

    @cached_property
    def paths(self) -> list[Place]:
        """Path items as they stand; the last key of each is its template."""
        return [place for key, place in self.root.at("paths").members() if key.startswith("/")]

    @cached_property
    def operations(self) -> list[Operation]:
        """In the order of the document."""
        items = distinct(followed for place in self.paths if (followed := place.followed()))
        return [each for item in items for each in _operations(item)]

    @cached_property
    def parameters(self) -> list[Place]:
        """Of all operations."""
        return list(distinct(each for operation in self.operations for each in operation.parameters))

    @cached_property
    def bodies(self) -> list[Place]:
        """Bodies of requests; not those of GET, which may have none (FOR.02)."""
        bodies = (each.place.at("requestBody").followed() for each in self.operations if each.method != "get")
        return list(distinct(body for body in bodies if body))

    @cached_property
    def answers(self) -> list[Answer]:
        """Responses of all operations; one that serves both ways is told once for each."""
        found: dict[tuple[bool, tuple[str, ...]], Answer] = {}
        for operation in self.operations:
            for status, response in operation.place.at("responses").members():
                error, place = status == "default" or status[:1] in {"4", "5"}, response.followed()
                if place and not status.startswith("x-"):
                    found.setdefault((error, place.path), Answer(place, error))
        return list(found.values())

    @cached_property
    def body_media(self) -> list[tuple[str, Place]]:
        """Media types of bodies."""
        return list(_media(self.bodies))

    @cached_property
    def answer_media(self) -> list[tuple[str, Place]]:
        """Media types of responses."""
        return list(_media(distinct(each.place for each in self.answers)))

    @cached_property
    def answer_schemas(self) -> list[Place]:
        """Schemas of what is answered, with those inside them."""
        return list(schemas(place.at("schema") for _, place in self.answer_media))

    @cached_property
    def schemas(self) -> list[Place]:
        """Schemas of what is kept under components, sent and answered, with those inside them."""
        starts = [place for _, place in self.root.at("components", "schemas").members()]
        media = [*self.body_media, *self.answer_media]
        return list(schemas([*starts, *(place.at("schema") for _, place in media)]))

    @cached_property
    def security_schemes(self) -> list[Place]:
        """Ways to prove who calls."""
        members = self.root.at("components", "securitySchemes").members()
        return list(distinct(place for _, each in members if (place := each.followed())))


def distinct(places: Iterable[Place]) -> Iterator[Place]:
    """Each place once."""
    seen: set[tuple[str, ...]] = set()
    for place in places:
        if place.path not in seen:
            seen.add(place.path)
            yield place


def media_type(name: str) -> str:
    """A media type without its parameters, in lower case."""
    return name.split(";", 1)[0].strip().lower()


def _operations(item: Place) -> Iterator[Operation]:
    for method, place in item.members():
        if method in METHODS and isinstance(place.value, dict):
            own = [*item.at("parameters").items(), *place.at("parameters").items()]
            yield Operation(method, place, tuple(each for one in own if (each := one.followed())))


def _media(holders: Iterable[Place]) -> Iterator[tuple[str, Place]]:
    for holder in holders:
        yield from holder.at("content").members()
