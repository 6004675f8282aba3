"""Turns YAML text into nodes with their places, event by event: what is not safe is met before it grows."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.reader import Reader

from registry.domain.organisation_number import contains_personal_number
from registry.domain.problem import Place, Problem

DEPTH = 64
NODES = 500_000  # of a file: some 8,000 resources, and memory of some hundred megabytes
# A value that was refused already: who meets it says nothing more.
REFUSED = "refused"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


def place(node: yaml.Node) -> Place:
    """Where a node begins; its mark knows the file, since a document may come from several."""
    return Place(node.start_mark.name, node.start_mark.line + 1, node.start_mark.column + 1)


def is_null(node: yaml.Node) -> bool:
    """Whether nothing is written there."""
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value in _NULLS


def documents(file: str, text: str, problems: list[Problem]) -> Iterator[yaml.Node]:
    """The root of every document up to the first one that is no YAML; empty documents are left out."""
    if odd := Reader.NON_PRINTABLE.search(text):
        before = text[: odd.start()]
        at = Place(file, before.count("\n") + 1, odd.start() - before.rfind("\n"))
        problems.append(Problem(at, f"The character U+{ord(odd[0]):04X} may not stand in YAML; remove it."))
        return
    try:
        yield from _Composer(problems).documents(_Named(file, text))
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        at = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        problems.append(Problem(at, f"This is not YAML: {_said(error)}."))
    except _TooMuch as error:
        problems.append(Problem(error.place, error.what))


def _said(error: yaml.MarkedYAMLError) -> str:
    text = ", ".join(str(part) for part in (error.context, error.problem) if part)
    return "a value cannot be read" if contains_personal_number(text) else text


class _Named(io.StringIO):
    """A text whose name YAML's reader puts into every mark."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text, newline="")
        self.name = name


class _TooMuch(Exception):
    def __init__(self, at: Place, what: str) -> None:
        super().__init__(what)
        self.place, self.what = at, what


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been met."""

    node: Any
    key: yaml.Node | None = field(default=None)

    def take(self, child: yaml.Node) -> None:
        if isinstance(self.node, yaml.SequenceNode):
            self.node.value.append(child)
        elif self.key is None:
            self.key = child
        else:
            self.node.value.append((self.key, child))
            self.key = None


class _Composer:
    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        self._stack: list[_Open] = []
        self._nodes = 0

    def documents(self, text: _Named) -> Iterator[yaml.Node]:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.NodeEvent):
                node = self._node(event)
                self._count(node)
                if self._stack:
                    self._stack[-1].take(node)
                elif not isinstance(node, yaml.CollectionNode) and not is_null(node):
                    yield node
                if isinstance(event, yaml.CollectionStartEvent):
                    self._open(node)
            elif isinstance(event, yaml.CollectionEndEvent):
                closed = self._stack.pop()
                if not self._stack:
                    yield closed.node

    def _count(self, node: yaml.Node) -> None:
        self._nodes += 1
        if self._nodes > NODES:
            raise _TooMuch(place(node), f"The file has more than {NODES} keys and values; split it.")

    def _open(self, node: yaml.Node) -> None:
        self._stack.append(_Open(node))
        if len(self._stack) > DEPTH:
            what = f"Values are nested more than {DEPTH} levels deep; make them flatter."
            raise _TooMuch(place(node), what)

    def _node(self, event: Any) -> yaml.Node:
        start, end = event.start_mark, event.end_mark
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, "Aliases (*) are not read: write the value out where it is used.")
            return yaml.ScalarNode(REFUSED, "", start, end)
        if event.anchor is not None:
            self._refuse(event, "Anchors (&) are not read: write the value out where it is used.")
        if event.tag not in {None, "!"}:
            self._refuse(event, "Tags (!) are not read: the field decides what a value is.")
        if isinstance(event, yaml.ScalarEvent):
            return yaml.ScalarNode("", event.value, start, end, style=event.style)
        kind = yaml.MappingNode if isinstance(event, yaml.MappingStartEvent) else yaml.SequenceNode
        return kind("", [], start, end)

    def _refuse(self, event: Any, message: str) -> None:
        mark = event.start_mark
        self._problems.append(Problem(Place(mark.name, mark.line + 1, mark.column + 1), message))
