"""DefinitionService: many resources at once, as architects keep them in git."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from registry.api.v1 import definition_service_pb2 as pb
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Release, SpecContent
from registry.api.v1.resource_pb2 import Resource
from registry.domain import agreement, limits, mask, names, offering, order
from registry.domain.nouns import APPLIED, NOUNS
from registry.errors import Invalid
from registry.services import diff, impact
from registry.services.bulk import Bulk, Entry
from registry.services.contracts import Contracts, hashes
from registry.services.export import reader
from registry.services.judging import Judge, Memory
from registry.services.offerings import VERBS, check_specs, store_specs
from registry.services.resources import check_etag
from registry.services.settle import settle
from registry.services.similar import Shelf
from registry.store import Batch, Caller, Store, View

Outcome = pb.ApplyOutcome
CHANGED = {Outcome.APPLY_OUTCOME_CREATED, Outcome.APPLY_OUTCOME_UPDATED}


class Definitions:
    """Use cases of DefinitionService."""

    def __init__(self, store: Store, now: Callable[[], datetime], memory: Memory, contracts: Contracts) -> None:
        self._store, self._now, self._memory, self._contracts = store, now, memory, contracts

    async def export(self, request: pb.ExportRequest, caller: Caller) -> pb.ExportResponse:
        """A page of resources as they would be applied."""
        return await self._store.read(reader(request), request.min_revision, caller.authority.sight)

    async def apply(self, request: pb.ApplyRequest, caller: Caller) -> pb.ApplyResponse:
        """Create or change many, all or nothing or each on its own. Every entry is answered, refused or not."""
        limits.at_most("resources", len(request.resources), limits.BATCH_SIZE)
        limits.request_id(request.request_id)
        check_specs(request.specs)
        named = hashes(each.release for each in request.resources)
        hidden = await self._contracts.hidden(named, caller.authority.sight)
        judge = Judge(self._store, self._memory, request.specs, lenient=request.validate_only, hidden=hidden)
        apply = _Apply(request, judge, self._now)
        response: pb.ApplyResponse = await Bulk(judge, pb.ApplyResponse).write(request, caller, apply.entries())
        if request.validate_only:
            await self._store.read(lambda view: apply.tell_meaning(view, response), sight=caller.authority.sight)
        return response


class _Apply:
    """One request. `after` holds what the resources become, by name."""

    def __init__(self, request: pb.ApplyRequest, judge: Judge, now: Callable[[], datetime]) -> None:
        self._request, self._judge, self._now = request, judge, now
        self._promised = _releases(request.resources)
        self._after: dict[str, Any] = {}

    def entries(self) -> list[Entry]:
        """What is named before what names it."""
        return [self._entry(place) for place in order.by_reference(self._request.resources)]

    def tell_meaning(self, view: View, response: pb.ApplyResponse) -> None:
        """Put into each result what the change would mean."""
        shelf = Shelf(view)
        for result in response.results:
            after = self._after.get(result.name)
            if isinstance(after, Offering | Release) and result.outcome in CHANGED:
                result.impact.CopyFrom(impact.of(view, after, self._now(), shelf))

    def _entry(self, place: int) -> Entry:
        resource = self._request.resources[place]
        specs = _specs_of(resource, self._request.specs)

        def run(batch: Batch) -> pb.ApplyResponse:
            store_specs(batch, specs)
            return pb.ApplyResponse(results=[self._one(batch, resource)])

        return Entry(order.name(resource), place, run, (order.name(resource),))

    def _one(self, batch: Batch, resource: Resource) -> pb.ApplyResult:
        noun = resource.WhichOneof("resource")
        if noun not in APPLIED:
            what = f"must be one of {', '.join(APPLIED)}, not {noun or 'empty'}"
            raise Invalid("FIELD_INVALID", f"resource {what}.", violations=[("resource", what)], field="resource")
        rules, draft = NOUNS[noun], NOUNS[noun].kind()
        draft.CopyFrom(getattr(resource, noun))
        names.check(draft.name, noun)
        mask.settable(draft, rules.settable)
        before = batch.get(rules.kind, draft.name)
        batch.ask(draft, "created" if before is None else "updated")
        if before is not None:
            check_etag(before, getattr(resource, noun).etag)
        settled = settle(
            batch, rules, draft, before, rules.settable, self._now(), promised=self._promised, judge=self._judge
        )
        self._after[draft.name] = settled.after
        result = pb.ApplyResult(name=draft.name, outcome=Outcome.APPLY_OUTCOME_UNCHANGED)
        if not settled.changed:
            result.revision = settled.after.revision
            return result
        result.diff.extend(diff.between(before, settled.after, rules.settable))
        result.revision = batch.put(settled.after, _verb(noun, before, settled.after))
        result.outcome = Outcome.APPLY_OUTCOME_CREATED if before is None else Outcome.APPLY_OUTCOME_UPDATED
        return result


def _specs_of(resource: Resource, specs: Sequence[SpecContent]) -> Sequence[SpecContent]:
    return specs if resource.WhichOneof("resource") == "release" else ()


def _releases(resources: Iterable[Resource]) -> frozenset[str]:
    """Releases that the request brings: the campaigns of their offering, which goes before them, may name them."""
    return frozenset(order.name(each) for each in resources if each.WhichOneof("resource") == "release")


def _verb(noun: str, before: Any | None, after: Any) -> str:
    verb = offering.verb(after, before)
    if noun == "release":
        return VERBS.get(after.state, verb)
    if noun == "agreement" and (before is None or before.state != after.state):
        verb = "accepted" if after.state == agreement.ACCEPTED else "proposed"
    return verb
