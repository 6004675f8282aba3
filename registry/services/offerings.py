"""OfferingService: what is offered, its releases and their contracts."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from registry.api.v1 import offering_service_pb2 as pb
from registry.api.v1.impact_pb2 import Impact
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Release, SpecContent
from registry.domain import filter as filters
from registry.domain import limits, names, offering, release, wording
from registry.errors import Invalid
from registry.services import impact, wire
from registry.services.acting import missing
from registry.services.contracts import Contracts, hashes
from registry.services.judging import Judge, Memory
from registry.services.resources import Resources, answer, command, found
from registry.services.settle import settle
from registry.store import Batch, Caller, Search, Store, View

R = TypeVar("R", bound=Message)
VERBS = {release.DRAFT: "drafted", release.TEST: "tested", release.PUBLISHED: "published"}


class Offerings:
    """Use cases of OfferingService."""

    def __init__(self, store: Store, now: Callable[[], datetime], memory: Memory, contracts: Contracts) -> None:
        self._store, self._now, self._memory, self._contracts = store, now, memory, contracts
        self._offerings = Resources(store, offering.RULES)
        self._releases = Resources(store, release.RULES)

    async def create_offering(self, request: Any, caller: Caller) -> pb.CreateOfferingResponse:
        """Declare one."""
        done = await self._offerings.create(request, caller, pb.CreateOfferingResponse, self._now)
        return await self._meaning(request, caller, done, done.offering)

    async def get_offering(self, request: Any, caller: Caller) -> bytes:
        """Read one."""
        return await self._offerings.get(request, caller, pb.GetOfferingResponse)

    async def list_offerings(self, request: Any, caller: Caller) -> bytes:
        """Read a page."""
        return await self._offerings.list(request, caller, pb.ListOfferingsResponse)

    async def update_offering(self, request: Any, caller: Caller) -> pb.UpdateOfferingResponse:
        """Change fields of one."""
        done = await self._offerings.update(request, caller, pb.UpdateOfferingResponse, self._now)
        return await self._meaning(request, caller, done, done.offering)

    async def search_offerings(self, request: pb.SearchOfferingsRequest, caller: Caller) -> bytes:
        """The offerings that answer the query, the best first."""
        limits.at_most("query characters", len(request.query), limits.QUERY_CHARACTERS)
        if not wording.asked(request.query):
            what = "is required: at least one word"
            raise Invalid("FIELD_INVALID", f"query {what}.", violations=[("query", what)], field="query")
        where, size = filters.parse(request.filter), limits.page_size(request.page_size)
        search = Search(request.query, where, size, request.page_token)

        def read(view: View) -> bytes:
            found = view.search(search)
            rest = pb.SearchOfferingsResponse(
                next_page_token=found.next_page_token,
                revision=view.revision,
                generation=view.generation,
                scores=found.scores,
                facets=[pb.Facet(field=field, value=value, count=count) for field, value, count in found.facets],
                corrected_query=found.corrected,
            )
            return wire.documents(pb.SearchOfferingsResponse, found.documents, rest)

        return await self._store.read(read, request.min_revision, caller.authority.sight)

    async def withdraw_offering(
        self, request: pb.WithdrawOfferingRequest, caller: Caller
    ) -> pb.WithdrawOfferingResponse:
        """Close it to new subscribers; the matcher ends the subscriptions there are."""
        names.check(request.name, "offering")

        def run(batch: Batch) -> Offering:
            message = found(batch, Offering, request.name, request.etag)
            offering.withdraw(message)
            batch.put(message, "withdrawn")
            return message

        done = await self._store.write(command(request, caller, run, [request.name]))
        response = answer(pb.WithdrawOfferingResponse, "offering", done)
        return await self._meaning(request, caller, response, response.offering)

    async def publish_release(self, request: pb.PublishReleaseRequest, caller: Caller) -> pb.PublishReleaseResponse:
        """Put a version on its way: DRAFT, TEST or PUBLISHED (when not set). The same content again changes nothing."""
        draft = self._releases.draft(request)
        segment = request.release_id or names.release_id(draft.version)
        draft.name = names.child("release", request.parent, segment)
        check_specs(request.specs)
        hidden = await self._contracts.hidden(hashes([draft]), caller.authority.sight)
        judge = Judge(self._store, self._memory, request.specs, lenient=request.validate_only, hidden=hidden)

        def run(batch: Batch) -> Release:
            before = batch.get(Release, draft.name)
            offering.check_open(found(batch, Offering, request.parent))
            if before is not None and not draft.state:
                draft.state = release.PUBLISHED
            store_specs(batch, request.specs)
            outcome = settle(batch, release.RULES, draft, before, release.RULES.settable, self._now(), judge=judge)
            if outcome.changed:
                batch.put(outcome.after, VERBS.get(outcome.after.state, "updated"))
            after: Release = outcome.after
            return after

        done = await judge.write(command(request, caller, run, [draft.name, request.parent]))
        response = answer(pb.PublishReleaseResponse, "release", done)
        return await self._meaning(request, caller, response, response.release)

    async def get_release(self, request: Any, caller: Caller) -> bytes:
        """Read one."""
        return await self._releases.get(request, caller, pb.GetReleaseResponse)

    async def list_releases(self, request: Any, caller: Caller) -> bytes:
        """Read a page."""
        return await self._releases.list(request, caller, pb.ListReleasesResponse)

    async def deprecate_release(
        self, request: pb.DeprecateReleaseRequest, caller: Caller
    ) -> pb.DeprecateReleaseResponse:
        """Announce its end."""
        names.check(request.name, "release")

        def run(batch: Batch) -> Release:
            message = found(batch, Release, request.name, request.etag)
            owner = found(batch, Offering, names.parent(request.name))
            sunset = request.sunset_time if request.HasField("sunset_time") else None
            if release.deprecate(message, owner, sunset, self._now()):
                batch.put(message, "deprecated")
            return message

        reads = [request.name, names.parent(request.name)]
        done = await self._store.write(command(request, caller, run, reads))
        response = answer(pb.DeprecateReleaseResponse, "release", done)
        return await self._meaning(request, caller, response, response.release, impact.of_end)

    async def retire_release(self, request: pb.RetireReleaseRequest, caller: Caller) -> pb.RetireReleaseResponse:
        """Take it away: it leaves every gateway."""
        names.check(request.name, "release")

        def run(batch: Batch) -> Release:
            message = found(batch, Release, request.name, request.etag)
            release.retire(message, self._now())
            batch.put(message, "retired")
            return message

        done = await self._store.write(command(request, caller, run, [request.name]))
        response = answer(pb.RetireReleaseResponse, "release", done)
        return await self._meaning(request, caller, response, response.release, impact.of_end)

    async def _meaning(
        self,
        request: Any,
        caller: Caller,
        response: R,
        after: Any,
        of: Callable[[View, Any, datetime], Impact] = impact.of,
    ) -> R:
        """The response, of a dry run with what the change would mean."""
        if request.validate_only:
            found = await self._store.read(lambda view: of(view, after, self._now()), sight=caller.authority.sight)
            response.impact.CopyFrom(found)  # type: ignore[attr-defined]
        return response

    async def get_spec(self, request: pb.GetSpecRequest, caller: Caller) -> pb.GetSpecResponse:
        """A contract by the hash of its content, for whoever is shown a release that names it."""
        hidden = await self._contracts.hidden([request.sha256], caller.authority.sight)

        def read(view: View) -> pb.GetSpecResponse:
            stored = None if hidden else view.spec(request.sha256)
            if stored is None:
                raise missing(f"contract {request.sha256[:64]}")
            return pb.GetSpecResponse(media_type=stored[0], content=stored[1])

        return await self._store.read(read)


def check_specs(specs: Iterable[SpecContent]) -> None:
    """Refuse contracts over their limit or without a media type. Errors: LIMIT_EXCEEDED, FIELD_INVALID."""
    for number, spec in enumerate(specs):
        limits.at_most(f"specs[{number}] bytes", len(spec.content), limits.SPEC_BYTES)
        if not re.fullmatch(r"[\w.+-]{1,127}/[\w.+-]{1,127}", spec.media_type, re.ASCII):
            what = "must be a media type, for example application/vnd.oai.openapi+json"
            field = f"specs[{number}].media_type"
            raise Invalid("FIELD_INVALID", f"{field} {what}.", violations=[(field, what)], field=field)


def store_specs(batch: Batch, specs: Iterable[SpecContent]) -> None:
    """Stage contracts, so that releases of the same command may name them."""
    for spec in specs:
        batch.put_spec(spec.media_type, spec.content)
