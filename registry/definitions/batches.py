"""Cuts many resources into requests that the registry takes, in an order in which references come first."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from registry.api.v1.definition_service_pb2 import ApplyRequest
from registry.api.v1.release_pb2 import SpecContent
from registry.api.v1.resource_pb2 import Resource
from registry.domain import limits, order
from registry.errors import TooLarge

_FIELD_BYTES = 16  # tag and length around a resource or a contract


@dataclass(slots=True)
class Batch:
    """A request, and the places of its resources in what was asked for."""

    request: ApplyRequest
    places: list[int] = field(default_factory=list)
    size: int = 0


def whole(resources: Sequence[Resource], contracts: Mapping[str, SpecContent]) -> Batch:
    """One batch with everything. Errors: LIMIT_EXCEEDED when one does not hold it."""
    found = cut(resources, contracts)
    if len(found) > 1:
        text = (
            f"{len(resources)} resources with their contracts need {len(found)} requests, and what is all or nothing"
            f" must fit into one ({limits.BATCH_SIZE} resources, {limits.MESSAGE_BYTES} bytes): apply a part of them,"
            " or use --best-effort."
        )
        raise TooLarge("LIMIT_EXCEEDED", text, limit="requests", maximum=1, actual=len(found))
    return found[0] if found else Batch(ApplyRequest(request_id=str(uuid.uuid4())))


def cut(
    resources: Sequence[Resource], contracts: Mapping[str, SpecContent], most: int = limits.BATCH_SIZE
) -> list[Batch]:
    """Batches to send one after the other; each contract goes with the first release that names it."""
    found: list[Batch] = []
    sent: set[str] = set()
    for place in order.by_reference(resources):
        named = [sha256 for sha256 in _named(resources[place]) if sha256 in contracts and sha256 not in sent]
        size = resources[place].ByteSize() + _FIELD_BYTES
        size += sum(contracts[sha256].ByteSize() + _FIELD_BYTES for sha256 in named)
        if not found or len(found[-1].places) >= most or found[-1].size + size > limits.MESSAGE_BYTES:
            found.append(Batch(ApplyRequest(request_id=str(uuid.uuid4())), size=_FIELD_BYTES * 4))
        batch = found[-1]
        batch.places.append(place)
        batch.size += size
        batch.request.resources.append(resources[place])
        batch.request.specs.extend(contracts[sha256] for sha256 in named)
        sent.update(named)
    return found


def _named(resource: Resource) -> list[str]:
    """Hashes of the contracts that a release names, each once."""
    return list(dict.fromkeys(each.spec.sha256 for each in resource.release.interfaces if each.HasField("spec")))
