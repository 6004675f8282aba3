"""Places in a contract, and what its references lead to: inside the document only, and never round in a circle."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

CHAIN = 64
_SAME_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else"})
_HOLDING = (dict, list)
_LEADING = _SAME_PLACE | {"$ref", "$anchor", "$dynamicAnchor", "$id"}


class Undecidable(Exception):
    """Nobody can say what is meant there; the text says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a document with its JSON pointer (RFC 6901), without the keywords in `without`."""

    document: "Document" = field(repr=False, compare=False)
    pointer: str
    value: Any = field(compare=False)
    without: frozenset[str] = frozenset()

    def get(self, key: str) -> Any:
        """The value of a keyword, or None."""
        return self.value.get(key) if isinstance(self.value, dict) and key not in self.without else None

    def has(self, key: str) -> bool:
        """Whether the keyword stands there."""
        return isinstance(self.value, dict) and key in self.value and key not in self.without

    def child(self, *keys: str | int) -> "Node":
        """What stands below, without following references; None is its value when nothing does."""
        value, pointer = self.value, self.pointer
        for key in keys:
            pointer += f"/{escaped(str(key))}"
            inside = isinstance(value, dict) or (isinstance(value, list) and isinstance(key, int))
            try:
                value = value[key] if inside else None
            except (KeyError, IndexError):
                value = None
        return Node(self.document, pointer, value)

    def children(self, key: str) -> dict[str, "Node"]:
        """The members of the object, or of the list by their number, that a keyword has."""
        held = self.get(key)
        if isinstance(held, dict):
            return {name: self.child(key, name) for name in held}
        return {str(number): self.child(key, number) for number in range(len(held))} if isinstance(held, list) else {}

    def masked(self, *keys: str) -> "Node":
        """The same without some keywords."""
        return Node(self.document, self.pointer, self.value, self.without | frozenset(keys))

    def target(self) -> "Node":
        """What the node's references lead to in the end; itself when it has none. Errors: Undecidable."""
        node, seen = self, {self.pointer}
        while isinstance(reference := node.get("$ref"), str):
            node = node.document.at(reference, node.pointer)
            if node.pointer in seen or len(seen) > CHAIN:
                raise Undecidable(f"References lead in a circle, or through more than {CHAIN} steps.")
            seen.add(node.pointer)
        return node


@dataclass(slots=True)
class Document:
    """A contract as plain values, and what its form says: whether keywords beside `$ref` and `nullable` count.

    `leading` are the objects in it, with their pointers, that lead elsewhere or that can be led to by a name.
    """

    root: Any
    siblings: bool = True
    nullable: bool = False
    _endless: bool | None = None
    leading: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _anchors: dict[str, str] = field(default_factory=dict)
    _bases: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.leading = [each for each in walk(self.root) if not _LEADING.isdisjoint(each[1])]
        for pointer, value in self.leading:
            for anchor in (value.get("$anchor"), value.get("$dynamicAnchor")):
                if isinstance(anchor, str):
                    self._anchors[anchor] = pointer
            if pointer and isinstance(own := value.get("$id"), str):
                if own.startswith("#"):
                    self._anchors[own[1:]] = pointer
                else:
                    self._bases.append(f"{pointer}/")

    @property
    def endless(self) -> bool:
        """Whether a schema holds for the same value again and again, which is forbidden (Core 2020-12, 9.4.1)."""
        if self._endless is None:
            self._endless = _circular(self)
        return self._endless

    def node(self, *keys: str | int) -> Node:
        """The root, or what stands below it."""
        return Node(self, "", self.root).child(*keys)

    def at(self, reference: str, pointer: str = "") -> Node:
        """What a reference that stands at `pointer` leads to. Errors: Undecidable, also for what lies outside."""
        own = self.root.get("$id") if isinstance(self.root, dict) else None
        before, _, fragment = reference.partition("#")
        if before and before != str(own or "").rstrip("#"):
            raise Undecidable("A reference leads out of the contract, and nothing is fetched: write it in.")
        if any(pointer.startswith(base) for base in self._bases):
            raise Undecidable("A reference stands below a nested $id, which gives it another base.")
        if fragment and not fragment.startswith("/"):
            if fragment not in self._anchors:
                raise Undecidable("A reference leads to an anchor that is not there.")
            fragment = self._anchors[fragment]
        return self._pointed(fragment)

    def _pointed(self, fragment: str) -> Node:
        keys: list[str | int] = []
        value: Any = self.root
        for part in fragment.split("/")[1:]:
            key: str | int = unescaped(part)
            if isinstance(value, list) and str(key).isdigit():
                key = int(str(key)[:9])
            if not (isinstance(value, dict) and key in value) and not (
                isinstance(value, list) and key in range(len(value))
            ):
                raise Undecidable("A reference leads to a place that is not in the contract.")
            value = value[key]  # type: ignore[index]
            keys.append(key)
        return self.node(*keys)


def walk(root: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a document with its pointer."""
    open_: list[tuple[str, Any]] = [("", root)] if isinstance(root, _HOLDING) else []
    while open_:
        pointer, value = open_.pop()
        if isinstance(value, dict):
            yield pointer, value
            inner = ((escaped(key), each) for key, each in value.items() if isinstance(each, _HOLDING))
        else:
            inner = ((str(number), each) for number, each in enumerate(value) if isinstance(each, _HOLDING))
        open_.extend((f"{pointer}/{step}", each) for step, each in inner)


def _circular(document: Document) -> bool:
    """Whether schemas that hold for one value lead in a circle."""
    edges = {pointer: _same_place(document, pointer, value) for pointer, value in document.leading}
    done: set[str] = set()
    for start in [pointer for pointer, found in edges.items() if found]:
        open_, path = [(start, False)], set[str]()
        while open_:
            here, left = open_.pop()
            if left:
                path.discard(here)
                done.add(here)
            elif here in path:
                return True
            elif here not in done:
                path.add(here)
                open_.append((here, True))
                open_.extend((each, False) for each in edges.get(here, ()))
    return False


def _same_place(document: Document, pointer: str, value: dict[str, Any]) -> list[str]:
    """The schemas that hold for the same value as the one that stands there."""
    words = value.keys() & _SAME_PLACE
    found = [f"{pointer}/{word}" for word in words if isinstance(value[word], dict)]
    for word in words:
        if isinstance(value[word], list):
            found += [f"{pointer}/{word}/{number}" for number in range(len(value[word]))]
    if isinstance(reference := value.get("$ref"), str):
        with contextlib.suppress(Undecidable):
            found.append(document.at(reference, pointer).pointer)
    return found


def dangling(document: Document) -> str:
    """What is wrong with the first reference that leads nowhere inside the document, or ''."""
    for pointer, value in document.leading:
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/") and not _literal(pointer):
            try:
                Node(document, pointer, value).target()
            except Undecidable as error:
                if "out of" not in str(error):
                    return f"At {pointer or '/'}: {error}"
    return ""


def _literal(pointer: str) -> bool:
    """Whether a value there is an example or the like, in which `$ref` is a word like any other."""
    return any(f"/{word}/" in f"{pointer}/" for word in ("example", "examples", "enum", "const", "default"))


def escaped(key: str) -> str:
    """A key as a step of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def unescaped(step: str) -> str:
    """The key that a step of a pointer in a fragment means."""
    return unquote(step).replace("~1", "/").replace("~0", "~")
