"""Sets of file descriptors that others publish, as they are installed here, and our own."""

import functools
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from registry.contracts.protobuf import descriptors

PACKAGES = {
    "googleapis-common-protos": ("google.api", "google.rpc", "google.type", "google.logging"),
    "opentelemetry-proto": ("opentelemetry.proto",),
    "grpcio-health-checking": ("grpc_health.v1.health_pb2",),
    "grpcio-reflection": ("grpc_reflection.v1alpha.reflection_pb2",),
    "protobuf": ("google.protobuf.compiler.plugin_pb2",),  # proto2, with defaults and room for extensions
    "gemensam": ("registry.api.v1",),
}


@functools.cache
def public(package: str) -> bytes:
    """The whole set that a package publishes, with everything that it imports."""
    return descriptors.content(_closure(_modules(PACKAGES[package])))


def parsed(content: bytes) -> FileDescriptorSet:
    """The set that is in the bytes."""
    return FileDescriptorSet.FromString(content)


def _modules(names: tuple[str, ...]) -> Iterator[Any]:
    for name in names:
        module = importlib.import_module(name)
        if hasattr(module, "DESCRIPTOR"):
            yield module.DESCRIPTOR
        for each in pkgutil.walk_packages(getattr(module, "__path__", []), f"{name}."):
            if each.name.endswith("_pb2"):
                yield importlib.import_module(each.name).DESCRIPTOR


def _closure(wanted: Iterator[Any]) -> list[FileDescriptorProto]:
    found: dict[str, FileDescriptorProto] = {}
    left = list(wanted)
    while left:
        here = left.pop()
        if here.name not in found:
            found[here.name] = FileDescriptorProto()
            here.CopyToProto(found[here.name])
            _name(here.message_types_by_name, found[here.name].message_type)
            left += here.dependencies
    return list(found.values())


def _name(built: Any, messages: Any) -> None:
    """Generated code leaves out the JSON names that go without saying; protoc writes them into every set."""
    for message in messages:
        known = built[message.name]
        for field in message.field:
            field.json_name = known.fields_by_name[field.name].json_name
        _name(known.nested_types_by_name, message.nested_type)
