"""Reads YAML nodes into messages, field by field, and notes every problem with its place."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import yaml
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from registry.api.v1.release_pb2 import Spec
from registry.contracts.compose import REFUSED, is_null, place
from registry.definitions import values
from registry.domain.problem import Place, Problem, nearest, quoted

Entries = dict[str, tuple[yaml.Node, yaml.Node]]
_WORDS = {yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list", yaml.ScalarNode: "a text"}


class ContractFiles(Protocol):
    """Takes contracts that definitions name by file."""

    def take(self, source: str, file: str, media_type: str) -> Spec:
        """The contract by its hash; `source` is the definition file that names it. Errors: Unreadable."""


class Fields:
    """One document being read. `places` and `faulty` are by path of the field, for example `terms.notice_days`."""

    def __init__(self, contracts: ContractFiles, problems: list[Problem]) -> None:
        self._contracts, self.problems = contracts, problems
        self.places: dict[str, Place] = {}
        self.faulty: set[str] = set()

    def note(self, node: yaml.Node, path: str, message: str, suggestion: str = "") -> None:
        """Note a problem of a field."""
        self.faulty.add(path)
        self.problems.append(Problem(place(node), message, suggestion))

    def entries(self, node: yaml.Node, path: str, what: str) -> Entries:
        """A mapping by its keys. Notes what is no mapping, keys that are no text, and keys that come twice."""
        if node.tag == REFUSED or is_null(node):
            return {}
        if not isinstance(node, yaml.MappingNode):
            self.note(node, path, f"{what} must be a mapping (`key: value`), not {_WORDS[type(node)]}.")
            return {}
        found: Entries = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == REFUSED:
                self.note(key, path, f"A key in {what} must be a text.")
            elif key.value in found:
                first = place(found[key.value][0]).line
                self.note(key, path, f"The key {quoted(key.value)} stands twice; the first is on line {first}.")
            else:
                found[key.value] = (key, value)
        return found

    def known(
        self, entries: Entries, names: Iterable[str], what: str, why: Mapping[str, str] | None = None, path: str = ""
    ) -> Entries:
        """The entries that have one of the names. Notes the others, with what was meant, or why they are not taken."""
        why = why or {}
        names = list(names)
        for name in [name for name in entries if name not in names]:
            key, _ = entries.pop(name)
            meant = "" if name in why else nearest(name, names)
            wrong = why.get(name) or f"There is no field {quoted(name)} in {what}; it has {', '.join(names)}."
            self.note(key, f"{path}.{meant or name}".lstrip("."), wrong, meant)
        return entries

    def text(self, node: yaml.Node, path: str) -> str:
        """A text; '' when nothing is written."""
        if node.tag == REFUSED or is_null(node):
            return ""
        self.places[path] = place(node)
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self.note(node, path, f"{path} must be a text, not {_WORDS[type(node)]}.")
        return ""

    def texts(self, node: yaml.Node, path: str, into: Any) -> None:
        """A map of texts."""
        for key, (_, value) in self.entries(node, path, path).items():
            if is_null(value):
                self.note(value, path, f'{path}.{quoted(key)} has no value; write "" for an empty text.')
            else:
                into[key] = self.text(value, f"{path}.{key}")

    def message(
        self,
        node: yaml.Node,
        into: Message,
        path: str,
        fields: Iterable[str] = (),
        why: Mapping[str, str] | None = None,
    ) -> None:
        """The fields of a message: all, or those of `fields`."""
        descriptor: Any = into.DESCRIPTOR
        names = list(fields) or [field.name for field in descriptor.fields]
        entries = self.entries(node, path, path or "spec")
        if descriptor is Spec.DESCRIPTOR and "file" in entries:
            self._contract(node, entries, into, path)
            return
        choices = [*names, "file"] if descriptor is Spec.DESCRIPTOR else names
        taken = self.known(entries, choices, path or descriptor.name, why, path)
        for name, (_, value) in taken.items():
            self._field(descriptor.fields_by_name[name], value, into, f"{path}.{name}".lstrip("."))
        for one in descriptor.oneofs:
            self._one_of([each.name for each in one.fields], taken, path)

    def _one_of(self, names: Iterable[str], taken: Entries, path: str) -> None:
        """Of fields that exclude each other the last would win, and nobody would know."""
        written = [name for name in names if name in taken and not is_null(taken[name][1])]
        for name in written[1:]:
            wrong = f"{name} cannot stand beside {written[0]}: write one of them."
            self.note(taken[name][0], f"{path}.{name}".lstrip("."), wrong)

    def _field(self, field: FieldDescriptor, node: yaml.Node, into: Any, path: str) -> None:
        self.places[path] = place(node)
        if node.tag == REFUSED or is_null(node):
            return
        if field.is_repeated:
            self._list(field, node, getattr(into, field.name), path)
        elif field.message_type is Timestamp.DESCRIPTOR:
            self._time(node, getattr(into, field.name), path)
        elif field.message_type is not None:
            part = getattr(into, field.name)
            part.SetInParent()
            self.message(node, part, path)
        elif (value := self._value(field, node, path)) is not None:
            setattr(into, field.name, value)

    def _list(self, field: FieldDescriptor, node: yaml.Node, into: Any, path: str) -> None:
        if not isinstance(node, yaml.SequenceNode):
            self.note(node, path, f"{path} must be a list (`- item`), not {_WORDS[type(node)]}.")
            return
        for number, item in enumerate(node.value):
            at = f"{path}[{number}]"
            self.places[at] = place(item)
            if field.message_type is not None:
                self.message(item, into.add(), at)
            elif (value := self._value(field, item, at)) is not None:
                into.append(value)

    def _time(self, node: yaml.Node, into: Any, path: str) -> None:
        text = self.text(node, path)
        if path in self.faulty:
            return
        try:
            into.CopyFrom(values.read_time(text))
        except values.Unreadable as error:
            self.note(node, path, f"{path} {error.what}")

    def _value(self, field: FieldDescriptor, node: yaml.Node, path: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            self.note(node, path, f"{path} must be a single value, not {_WORDS[type(node)]}.")
            return None
        if node.tag == REFUSED:
            return None
        try:
            return values.read(field, node.value)
        except values.Unreadable as error:
            self.note(node, path, f"{path} {error.what}", error.suggestion)
            return None

    def _contract(self, node: yaml.Node, entries: Entries, into: Any, path: str) -> None:
        names = ("file", "media_type")
        taken = self.known(entries, names, f"{path} with a file", path=path)
        file, media_type = (self.text(taken[name][1], f"{path}.{name}") if name in taken else "" for name in names)
        if self.faulty & {f"{path}.{name}" for name in names}:
            return
        _, named = taken.get("file", (node, node))
        try:
            into.CopyFrom(self._contracts.take(place(named).file, file, media_type))
        except values.Unreadable as error:
            self.note(named, path, f"{path} {error.what}", error.suggestion)
