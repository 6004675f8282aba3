"""Sets of file descriptors that others publish, and our own.

They are read as they are installed here, but for xds-protos: its wheel has files of two of the others.
"""

import functools
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from registry.contracts.protobuf import descriptors
from tests.components import wheels

PACKAGES = {
    "googleapis-common-protos": ("google.api", "google.rpc", "google.type", "google.logging"),
    "opentelemetry-proto": ("opentelemetry.proto",),
    "grpcio-health-checking": ("grpc_health.v1.health_pb2",),
    "grpcio-reflection": ("grpc_reflection.v1alpha.reflection_pb2",),
    "protobuf": ("google.protobuf.compiler.plugin_pb2",),  # proto2, with defaults and room for extensions
    "gemensam": ("registry.api.v1",),
}
XDS = "xds-protos"
_XDS_WHEEL = (XDS, "1.85.0", "e1e7bfd9936389936b2c85660d9db0dae380f12678a594b983da40dd472f1760")
_XDS_PACKAGES = ("envoy.service.discovery.v3", "xds.type")
# Run with the wheel before everything else on its path: what it prints, each after what it imports.
_READ = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
from google.protobuf.descriptor_pb2 import FileDescriptorSet
told, found = set(), FileDescriptorSet()
def tell(file):
    if file.name not in told:
        told.add(file.name)
        for each in file.dependencies:
            tell(each)
        found.file.add().MergeFromString(file.serialized_pb)
for name in sys.argv[2:]:
    for each in pkgutil.walk_packages(importlib.import_module(name).__path__, name + "."):
        if each.name.endswith("_pb2"):
            tell(importlib.import_module(each.name).DESCRIPTOR)
sys.stdout.buffer.write(found.SerializeToString())
"""


@functools.cache
def public(package: str) -> bytes:
    """The whole set that a package publishes, with everything that it imports."""
    return descriptors.content(_closure(_xds() if package == XDS else _modules(PACKAGES[package])))


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


def _xds() -> Iterator[Any]:
    """Files of what a gateway is told by, in a pool of their own."""
    command = [sys.executable, "-I", "-c", _READ, str(wheels.unpacked(*_XDS_WHEEL)), *_XDS_PACKAGES]
    told = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    pool, files = DescriptorPool(), parsed(told).file
    for each in files:
        pool.Add(each)
    return iter([pool.FindFileByName(each.name) for each in files])


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
