"""The parts of an OpenAPI document that rules ask for, each found once however often it is referred to."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from registry.contracts.profile.place import Place
from registry.contracts.profile.schema import Inside, schemas

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
        self._inside: Inside = {}

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
    def called(self) -> list[Operation]:
        """Those of webhooks and callbacks, where the service calls and whoever subscribes answers."""
        return list(_called(self.root.at("webhooks"), self.operations))

    @cached_property
    def exchanges(self) -> list[Operation]:
        """Whoever calls: what is sent and answered follows the same rules, addresses are the receiver's own."""
        return [*self.operations, *self.called]

    @cached_property
    def parameters(self) -> list[Place]:
        """Of all operations."""
        return list(distinct(each for operation in self.operations for each in operation.parameters))

    @cached_property
    def exchanged_parameters(self) -> list[Place]:
        """Of all exchanges."""
        return list(distinct(each for exchange in self.exchanges for each in exchange.parameters))

    @cached_property
    def bodies(self) -> list[Place]:
        """Bodies of requests; not those of GET, which may have none (FOR.02)."""
        return list(_bodies(self.exchanges))

    @cached_property
    def answers(self) -> list[Answer]:
        """Responses of all exchanges; one that serves both ways is told once for each."""
        return list(_answers(self.exchanges))

    @cached_property
    def body_media(self) -> list[tuple[str, Place]]:
        """Media types of bodies."""
        return list(_media(self.bodies))

    @cached_property
    def answer_media(self) -> list[tuple[str, Place]]:
        """Media types of responses."""
        return list(_media(distinct(each.place for each in self.answers)))

    @cached_property
    def told_schemas(self) -> list[Place]:
        """Schemas of what the service itself writes, with those inside them: its answers, and bodies of its calls."""
        holders = [*(each.place for each in _answers(self.operations)), *_bodies(self.called)]
        return list(schemas([place.at("schema") for _, place in _media(distinct(holders))], self._inside))

    @cached_property
    def schemas(self) -> list[Place]:
        """Schemas of what is kept under components, sent and answered, with those inside them."""
        starts = [place for _, place in self.root.at("components", "schemas").members()]
        media = [*self.body_media, *self.answer_media]
        return list(schemas([*starts, *(place.at("schema") for _, place in media)], self._inside))

    @cached_property
    def fields(self) -> list[tuple[str, Place]]:
        """Properties of all schemas."""
        holders = (schema.at("properties") for schema in self.schemas if schema.has("properties"))
        return [each for holder in holders for each in holder.members()]

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


def _called(webhooks: Place, operations: Iterable[Operation]) -> Iterator[Operation]:
    """Each once: callbacks may have callbacks, and lead back by reference."""
    holders = deque([webhooks, *(each for operation in operations for each in _callbacks(operation))])
    seen: set[tuple[str, ...]] = set()
    while holders:
        holder = _new(holders.popleft(), seen)
        for _, place in holder.members() if holder else ():
            item = _new(place, seen)
            for operation in _operations(item) if item else ():
                yield operation
                holders.extend(_callbacks(operation))


def _callbacks(operation: Operation) -> Iterator[Place]:
    return (place for _, place in operation.place.at("callbacks").members())


def _new(place: Place, seen: set[tuple[str, ...]]) -> Place | None:
    """Where it leads, unless somebody was there."""
    found = place.followed()
    if found is None or found.path in seen:
        return None
    seen.add(found.path)
    return found


def _bodies(exchanges: Iterable[Operation]) -> Iterator[Place]:
    bodies = (each.place.at("requestBody").followed() for each in exchanges if each.method != "get")
    return distinct(body for body in bodies if body)


def _answers(exchanges: Iterable[Operation]) -> Iterator[Answer]:
    seen: set[tuple[bool, tuple[str, ...]]] = set()
    for exchange in exchanges:
        for status, response in exchange.place.at("responses").members():
            error, place = status == "default" or status[:1] in {"4", "5"}, response.followed()
            if place and not status.startswith("x-") and (error, place.path) not in seen:
                seen.add((error, place.path))
                yield Answer(place, error)


def _media(holders: Iterable[Place]) -> Iterator[tuple[str, Place]]:
    for holder in holders:
        yield from holder.at("content").members()
