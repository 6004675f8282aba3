"""Every method of the contract, bound to its use case by name, from the descriptors."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import symbol_database
from google.protobuf.message import Message

from registry.api.v1 import (
    access_service_pb2,
    capability_service_pb2,
    definition_service_pb2,
    evidence_service_pb2,
    feed_service_pb2,
    offering_service_pb2,
    onboarding_service_pb2,
    organisation_service_pb2,
)
from registry.store import Caller

SERVICES = tuple(
    service
    for module in (
        organisation_service_pb2,
        capability_service_pb2,
        offering_service_pb2,
        onboarding_service_pb2,
        feed_service_pb2,
        definition_service_pb2,
        access_service_pb2,
        evidence_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
)
UseCase = Callable[[Any, Caller], Awaitable[Message | bytes]]
# A deadline passes, a key is used, the relay goes on while the ledger stands still; who calls is not in the request.
_NOT_KEPT = frozenset({"Export", "GetConvergence", "GetHead", "GetKey", "ListKeys", "GetCaller", "ListRefusals"})
_READS = ("Get", "List", "Search", "Export")
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Method:
    """A unary method: its path, its request, whether its replies may be kept, and its use case (None: not served).

    `writes`: it can change something, so that it needs a right.
    """

    path: str
    request: type[Message]
    cached: bool
    writes: bool
    use_case: UseCase | None


def methods(services: Mapping[str, object]) -> Iterator[Method]:
    """Every unary method of the contract."""
    for service in SERVICES:
        for method in service.methods:
            if method.server_streaming:
                continue
            use_case = getattr(services.get(service.full_name), _WORD.sub("_", method.name).lower(), None)
            request: type[Message] = symbol_database.Default().GetSymbol(method.input_type.full_name)
            reads = method.name.startswith(_READS)
            cached = reads and method.name not in _NOT_KEPT
            yield Method(f"/{service.full_name}/{method.name}", request, cached, not reads, use_case)


def unserved(services: Mapping[str, object]) -> list[str]:
    """Names of the methods that answer UNIMPLEMENTED."""
    return [method.path.rsplit("/", 1)[1] for method in methods(services) if method.use_case is None]
