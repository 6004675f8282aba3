"""CapabilityService: the taxonomy."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from registry.api.v1 import capability_service_pb2 as pb
from registry.api.v1.capability_pb2 import Capability
from registry.domain import capability, names
from registry.services.resources import Resources, answer, command, found
from registry.store import Batch, Caller, Store


class Capabilities:
    """Use cases of CapabilityService."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._capabilities = Resources(store, capability.RULES)

    async def create_capability(self, request: Any, caller: Caller) -> pb.CreateCapabilityResponse:
        """Add a node."""
        return await self._capabilities.create(request, caller, pb.CreateCapabilityResponse, self._now)

    async def get_capability(self, request: Any, caller: Caller) -> bytes:
        """Read one."""
        return await self._capabilities.get(request, caller, pb.GetCapabilityResponse)

    async def list_capabilities(self, request: Any, caller: Caller) -> bytes:
        """Read a page."""
        return await self._capabilities.list(request, caller, pb.ListCapabilitiesResponse)

    async def update_capability(self, request: Any, caller: Caller) -> pb.UpdateCapabilityResponse:
        """Change fields of one."""
        return await self._capabilities.update(request, caller, pb.UpdateCapabilityResponse, self._now)

    async def retire_capability(
        self, request: pb.RetireCapabilityRequest, caller: Caller
    ) -> pb.RetireCapabilityResponse:
        """Take one out of use."""
        names.check(request.name, "capability")

        def run(batch: Batch) -> Capability:
            message = found(batch, Capability, request.name, request.etag)
            capability.retire(message, batch)
            batch.put(message, "retired")
            return message

        done = await self._store.write(command(request, caller, run, [request.name]))
        return answer(pb.RetireCapabilityResponse, "capability", done)
