"""A set of file descriptors as rules read it: within limits, complete, consistent, every element by its name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FeatureSet,
    FileDescriptorProto,
    FileDescriptorSet,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError

from registry.contracts.protobuf.descriptors import FILES, Incomplete, ordered
from registry.contracts.protobuf.features import inherited, of_file
from registry.domain.problem import quoted

MESSAGES, MEMBERS, DEPTH = 10_000, 100_000, 32


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


class _Counts:
    """How much there is of what; more than the most of it ends the count. Errors: Unreadable."""

    def __init__(self) -> None:
        self._messages, self._members = 0, 0

    def messages(self, *groups: Sequence[Any]) -> None:
        """Messages, enums and services."""
        self._messages += sum(map(len, groups))
        if self._messages > MESSAGES:
            raise Unreadable(f"The set has more than {MESSAGES} messages, enums and services.")

    def members(self, *groups: Sequence[Any]) -> None:
        """What is in them."""
        self._members += sum(map(len, groups))
        if self._members > MEMBERS:
            raise Unreadable(f"The set has more than {MEMBERS} fields, enum values, rpcs and reserved ranges.")


def _within_limits(given: FileDescriptorSet) -> None:
    if len(given.file) > FILES:
        raise Unreadable(f"The set has more than {FILES} files.")
    counts = _Counts()
    for file in given.file:
        counts.messages(file.message_type, file.enum_type, file.service)
        counts.members(file.extension, file.dependency, *(each.method for each in file.service))
        _enums(counts, file.enum_type)
        left = [(each, 1) for each in file.message_type]
        while left:
            message, depth = left.pop()
            _message(counts, message, depth)
            left += [(each, depth + 1) for each in message.nested_type]


def _message(counts: _Counts, message: DescriptorProto, depth: int) -> None:
    if depth > DEPTH:
        raise Unreadable(f"Messages are nested in each other more than {DEPTH} deep.")
    counts.messages(message.nested_type, message.enum_type)
    counts.members(message.field, message.extension, message.oneof_decl, message.extension_range)
    counts.members(message.reserved_range, message.reserved_name)
    _enums(counts, message.enum_type)


def _enums(counts: _Counts, enums: Iterable[EnumDescriptorProto]) -> None:
    for each in enums:
        counts.members(each.value, each.reserved_range, each.reserved_name)


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
