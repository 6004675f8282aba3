"""DefinitionService: many resources at once, as architects keep them in git."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from registry.api.v1 import definition_service_pb2 as pb
from registry.api.v1.release_pb2 import SpecContent
from registry.api.v1.resource_pb2 import Resource
from registry.domain import agreement, limits, mask, names, order
from registry.domain.nouns import APPLIED, NOUNS
from registry.errors import Invalid
from registry.services import diff
from registry.services.bulk import Bulk, Entry
from registry.services.export import reader
from registry.services.offerings import VERBS, check_specs, store_specs
from registry.services.resources import check_etag
from registry.services.settle import settle
from registry.store import Batch, Caller, Store

Outcome = pb.ApplyOutcome


class Definitions:
    """Use cases of DefinitionService."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now

    async def export(self, request: pb.ExportRequest, _caller: Caller) -> pb.ExportResponse:
        """A page of resources as they would be applied."""
        return await self._store.read(reader(request), request.min_revision)

    async def apply(self, request: pb.ApplyRequest, caller: Caller) -> pb.ApplyResponse:
        """Create or change many, all or nothing or each on its own. Every entry is answered, refused or not."""
        limits.at_most("resources", len(request.resources), limits.BATCH_SIZE)
        limits.request_id(request.request_id)
        check_specs(request.specs)
        promised = _releases(request.resources)
        entries = [self._entry(request, place, promised) for place in order.by_reference(request.resources)]
        response: pb.ApplyResponse = await Bulk(self._store, pb.ApplyResponse).write(request, caller, entries)
        return response

    def _entry(self, request: pb.ApplyRequest, place: int, promised: frozenset[str]) -> Entry:
        resource = request.resources[place]
        specs = _specs_of(resource, request.specs)

        def run(batch: Batch) -> pb.ApplyResponse:
            store_specs(batch, specs)
            return pb.ApplyResponse(results=[_one(batch, resource, promised, self._now())])

        return Entry(order.name(resource), place, run, (order.name(resource),))


def _specs_of(resource: Resource, specs: Sequence[SpecContent]) -> Sequence[SpecContent]:
    return specs if resource.WhichOneof("resource") == "release" else ()


def _releases(resources: Iterable[Resource]) -> frozenset[str]:
    """Releases that the request brings: the campaigns of their offering, which goes before them, may name them."""
    return frozenset(order.name(each) for each in resources if each.WhichOneof("resource") == "release")


def _one(batch: Batch, resource: Resource, promised: frozenset[str], now: datetime) -> pb.ApplyResult:
    noun = resource.WhichOneof("resource")
    if noun not in APPLIED:
        what = f"must be one of {', '.join(APPLIED)}, not {noun or 'empty'}"
        raise Invalid("FIELD_INVALID", f"resource {what}.", violations=[("resource", what)], field="resource")
    rules, draft = NOUNS[noun], NOUNS[noun].kind()
    draft.CopyFrom(getattr(resource, noun))
    names.check(draft.name, noun)
    mask.settable(draft, rules.settable)
    before = batch.get(rules.kind, draft.name)
    if before is not None:
        check_etag(before, getattr(resource, noun).etag)
    outcome = settle(batch, rules, draft, before, rules.settable, now, promised=promised)
    result = pb.ApplyResult(name=draft.name, outcome=Outcome.APPLY_OUTCOME_UNCHANGED)
    if not outcome.changed:
        result.revision = outcome.after.revision
        return result
    result.diff.extend(diff.between(before, outcome.after, rules.settable))
    result.revision = batch.put(outcome.after, _verb(noun, before, outcome.after))
    result.outcome = Outcome.APPLY_OUTCOME_CREATED if before is None else Outcome.APPLY_OUTCOME_UPDATED
    return result


def _verb(noun: str, before: Any | None, after: Any) -> str:
    verb = "created" if before is None else "updated"
    if noun == "release":
        return VERBS.get(after.state, verb)
    if noun == "agreement" and (before is None or before.state != after.state):
        verb = "accepted" if after.state == agreement.ACCEPTED else "proposed"
    return verb
