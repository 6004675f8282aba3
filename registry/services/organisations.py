"""OrganisationService: public bodies and their systems."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from registry.api.v1 import organisation_service_pb2 as pb
from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import document, limits, names, organisation, system, text
from registry.domain.violations import Violations
from registry.services.resources import Resources, answer, command, found
from registry.store import Batch, Caller, Store


class Organisations:
    """Use cases of OrganisationService."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._organisations = Resources(store, organisation.RULES)
        self._systems = Resources(store, system.RULES)

    async def create_organisation(self, request: Any, caller: Caller) -> pb.CreateOrganisationResponse:
        """Add a body."""
        return await self._organisations.create(request, caller, pb.CreateOrganisationResponse, self._now)

    async def get_organisation(self, request: Any, caller: Caller) -> bytes:
        """Read one."""
        return await self._organisations.get(request, caller, pb.GetOrganisationResponse)

    async def list_organisations(self, request: Any, caller: Caller) -> bytes:
        """Read a page."""
        return await self._organisations.list(request, caller, pb.ListOrganisationsResponse)

    async def update_organisation(self, request: Any, caller: Caller) -> pb.UpdateOrganisationResponse:
        """Change fields of one."""
        return await self._organisations.update(request, caller, pb.UpdateOrganisationResponse, self._now)

    async def merge_organisations(
        self, request: pb.MergeOrganisationsRequest, caller: Caller
    ) -> pb.MergeOrganisationsResponse:
        """End the sources and name them as predecessors, all in one command."""
        _check_merger(request)

        def run(batch: Batch) -> Organisation:
            into = found(batch, Organisation, request.name)
            ended = [found(batch, Organisation, name) for name in request.sources]
            last_day = request.valid_to or self._now().date().isoformat()
            for source in ended:
                organisation.absorb(source, into, last_day)
            for each in (*ended, into):
                document.check(organisation.RULES, each)
            for source in ended:
                batch.put(source, "merged")
            batch.put(into, "updated")
            return into

        work = command(request, caller, run, [request.name, *request.sources])
        return answer(pb.MergeOrganisationsResponse, "organisation", await self._store.write(work))

    async def create_system(self, request: Any, caller: Caller) -> pb.CreateSystemResponse:
        """Add a system."""
        return await self._systems.create(request, caller, pb.CreateSystemResponse, self._now)

    async def get_system(self, request: Any, caller: Caller) -> bytes:
        """Read one."""
        return await self._systems.get(request, caller, pb.GetSystemResponse)

    async def list_systems(self, request: Any, caller: Caller) -> bytes:
        """Read a page."""
        return await self._systems.list(request, caller, pb.ListSystemsResponse)

    async def update_system(self, request: Any, caller: Caller) -> pb.UpdateSystemResponse:
        """Change fields of one."""
        return await self._systems.update(request, caller, pb.UpdateSystemResponse, self._now)


def _check_merger(request: pb.MergeOrganisationsRequest) -> None:
    wrong = Violations()
    text.name(request.name, "organisation", "name", wrong, required=True)
    limits.at_most("sources", len(request.sources), limits.PREDECESSORS)
    if not request.sources or len(set(request.sources)) != len(request.sources):
        wrong.add("sources", "must name each organisation that ends, once")
    for source in request.sources:
        names.check(source, "organisation")
    if request.name in request.sources:
        wrong.add("sources", "must not name the organisation that goes on")
    text.day(request.valid_to, "valid_to", wrong)
    wrong.refuse()
