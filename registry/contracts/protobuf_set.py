"""A set of file descriptors as rules read it: within limits, complete, consistent, every element by its name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FeatureSet, FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError

from registry.contracts.descriptors import FILES, Incomplete, ordered
from registry.contracts.protobuf_features import inherited, of_file
from registry.domain.problem import quoted

MESSAGES, MEMBERS, DEPTH = 20_000, 200_000, 32


class Unreadable(Exception):
    """Bytes that are no set of file descriptors; the text says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Element:
    """One named thing: as it was written (`proto`), as the library understood it (`built`), and what holds for it."""

    name: str
    file: FileDescriptorProto
    proto: Any
    built: Any
    features: FeatureSet

    @property
    def nested(self) -> str:
        """The name without the package."""
        return self.name.removeprefix(f"{self.file.package}.") if self.file.package else self.name


@dataclass(slots=True)
class Contract:
    """Everything that is declared in a set, by full name; extensions by what they extend and their number."""

    files: dict[str, FileDescriptorProto] = field(default_factory=dict)
    messages: dict[str, Element] = field(default_factory=dict)
    enums: dict[str, Element] = field(default_factory=dict)
    services: dict[str, Element] = field(default_factory=dict)
    extensions: dict[tuple[str, int], Element] = field(default_factory=dict)


def load(content: bytes) -> Contract:
    """The contract in serialised bytes of a `FileDescriptorSet`. Errors: Unreadable."""
    try:
        given = FileDescriptorSet.FromString(content)
    except DecodeError:
        raise Unreadable("The bytes are no serialised google.protobuf.FileDescriptorSet.") from None
    if not given.file:
        raise Unreadable("The set has no file.")
    _within_limits(given)
    contract, pool = Contract(), DescriptorPool()
    try:
        for file in ordered(given.file):
            pool.Add(file)
            contract.files[file.name] = file
            _Taking(contract, file).take(pool.FindFileByName(file.name))
    except Incomplete as error:
        raise Unreadable(str(error)) from None
    except (TypeError, KeyError, ValueError) as error:
        raise Unreadable(f"The set contradicts itself: {quoted(str(error))}.") from None
    return contract


def _within_limits(given: FileDescriptorSet) -> None:
    counts = {"files": len(given.file), "messages": 0, "members": 0}
    most = {"files": FILES, "messages": MESSAGES, "members": MEMBERS}
    _at_most(counts, most)
    for file in given.file:
        counts["members"] += len(file.extension) + sum(len(each.method) for each in file.service)
        counts["messages"] += len(file.enum_type) + len(file.service)
        counts["members"] += sum(len(each.value) for each in file.enum_type)
        for message, depth in _messages(file):
            if depth > DEPTH:
                raise Unreadable(f"Messages are nested in each other more than {DEPTH} deep.")
            counts["messages"] += 1 + len(message.enum_type)
            counts["members"] += len(message.field) + len(message.extension)
            counts["members"] += sum(len(each.value) for each in message.enum_type)
        _at_most(counts, most)


def _at_most(counts: dict[str, int], most: dict[str, int]) -> None:
    names = {"messages": "messages, enums and services", "members": "fields, enum values and rpcs"}
    for what, count in counts.items():
        if count > most[what]:
            raise Unreadable(f"The set has more than {most[what]} {names.get(what, what)}.")


def _messages(file: FileDescriptorProto) -> Iterator[tuple[DescriptorProto, int]]:
    left = [(each, 1) for each in file.message_type]
    while left:
        message, depth = left.pop()
        yield message, depth
        left += [(each, depth + 1) for each in message.nested_type]


class _Taking:
    """One file on its way into a contract."""

    def __init__(self, contract: Contract, file: FileDescriptorProto) -> None:
        self._contract, self._file = contract, file
        self._prefix = f"{file.package}." if file.package else ""

    def take(self, built: Any) -> None:
        whole = of_file(self._file)
        for each in self._file.service:
            found = self._element(each, built.services_by_name, self._prefix, whole)
            self._contract.services[found.name] = found
        self._messages(self._file.message_type, built.message_types_by_name, self._prefix, whole)
        self._leaves(self._file, built, self._prefix, whole)

    def _messages(self, messages: Any, built: Any, prefix: str, above: FeatureSet) -> None:
        for each in messages:
            found = self._element(each, built, prefix, above)
            self._contract.messages[found.name] = found
            self._messages(each.nested_type, found.built.nested_types_by_name, f"{found.name}.", found.features)
            self._leaves(each, found.built, f"{found.name}.", found.features)

    def _leaves(self, scope: Any, built: Any, prefix: str, above: FeatureSet) -> None:
        for each in scope.enum_type:
            found = self._element(each, built.enum_types_by_name, prefix, above)
            self._contract.enums[found.name] = found
        for each in scope.extension:
            found = self._element(each, built.extensions_by_name, prefix, above)
            self._contract.extensions[found.built.containing_type.full_name, each.number] = found

    def _element(self, proto: Any, built: Any, prefix: str, above: FeatureSet) -> Element:
        return Element(prefix + proto.name, self._file, proto, built[proto.name], inherited(above, proto))
