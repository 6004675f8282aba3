"""DefinitionService: many resources at once, as architects keep them in git."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from registry.api.v1 import definition_service_pb2 as pb
from registry.api.v1.error_reason_pb2 import ErrorReason
from registry.api.v1.release_pb2 import SpecContent
from registry.api.v1.resource_pb2 import Resource
from registry.domain import limits, mask, names
from registry.domain.nouns import APPLIED, NOUNS
from registry.errors import Invalid, RegistryError
from registry.services import diff
from registry.services.export import reader
from registry.services.offerings import VERBS, check_specs, store_specs
from registry.services.resources import check_etag, fingerprint
from registry.services.settle import settle
from registry.store import Batch, Caller, Command, Store

Outcome = pb.ApplyOutcome
_ORDER = {noun: number for number, noun in enumerate(NOUNS)}


class _Refused(RegistryError):
    """Takes back an atomic batch, and carries what is wrong with each entry."""

    def __init__(self, results: list[pb.ApplyResult]) -> None:
        super().__init__("BATCH_FAILED", "At least one entry was refused.")
        self.results = results


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
        order = _order(request.resources)
        if request.atomic or request.validate_only:
            return await self._together(request, caller, order)
        return await self._each(request, caller, order)

    async def _together(self, request: pb.ApplyRequest, caller: Caller, order: list[int]) -> pb.ApplyResponse:
        def run(batch: Batch) -> pb.ApplyResponse:
            store_specs(batch, request.specs)
            results = [pb.ApplyResult() for _ in order]
            for index in order:
                results[index] = _attempt(batch, request.resources[index], self._now())
                if request.validate_only:
                    results[index].revision = 0
            if request.atomic and any(result.outcome == Outcome.APPLY_OUTCOME_FAILED for result in results):
                raise _Refused(_all_refused(results))
            return pb.ApplyResponse(results=results)

        work = self._command(request, caller, run, request.request_id, [_name(each) for each in request.resources])
        try:
            done = await self._store.write(work)
        except _Refused as refused:
            head = await self._store.read(lambda view: view.head())
            return pb.ApplyResponse(results=refused.results, revision=head.revision, generation=head.generation)
        response: Any = done.answer
        response.revision, response.generation = done.revision, done.generation
        return response  # type: ignore[no-any-return]

    async def _each(self, request: pb.ApplyRequest, caller: Caller, order: list[int]) -> pb.ApplyResponse:
        """One command for each entry; they commit in groups, and those before are seen by those after."""

        def runner(index: int, specs: Sequence[SpecContent]) -> Callable[[Batch], pb.ApplyResult]:
            def run(batch: Batch) -> pb.ApplyResult:
                store_specs(batch, specs)
                return _one(batch, request.resources[index], self._now())

            return run

        work = [
            self._command(
                request,
                caller,
                runner(index, _specs_of(request.resources[index], request.specs)),
                f"{request.request_id}/{index}" if request.request_id else "",
                [_name(request.resources[index])],
            )
            for index in order
        ]
        done: list[Any] = await asyncio.gather(*(self._store.write(each) for each in work), return_exceptions=True)
        response = pb.ApplyResponse(results=[pb.ApplyResult()] * len(order))
        for index, each in zip(order, done, strict=True):
            if isinstance(each, RegistryError) and each.reason != "REQUEST_ID_REUSED":
                response.results[index].CopyFrom(_failed(_name(request.resources[index]), each))
            elif isinstance(each, BaseException):
                raise each
            else:
                response.results[index].MergeFrom(each.answer)
                response.revision = max(response.revision, each.revision)
                response.generation = each.generation
        if not response.generation:
            head = await self._store.read(lambda view: view.head())
            response.revision, response.generation = head.revision, head.generation
        return response

    def _command(
        self, request: pb.ApplyRequest, caller: Caller, run: Callable[[Batch], Any], key: str, reads: list[str]
    ) -> Command:
        return Command(
            run=run,
            caller=caller,
            reads=[name for name in reads if name],
            request_id=key,
            method="ApplyRequest",
            fingerprint=fingerprint(request) if key else b"",
            dry_run=request.validate_only,
        )


def _order(resources: Sequence[Resource]) -> list[int]:
    """Places of the entries in an order in which references come first; capabilities and hosts by their parents."""
    above = {_name(each): _above(each) for each in resources}

    def depth(name: str) -> int:
        levels, seen = 0, {name}
        while (name := above.get(name, "")) and name not in seen:
            seen.add(name)
            levels += 1
        return levels

    def key(index: int) -> tuple[int, int, int]:
        noun = resources[index].WhichOneof("resource") or ""
        return _ORDER.get(noun, len(_ORDER)), depth(_name(resources[index])), index

    return sorted(range(len(resources)), key=key)


def _above(resource: Resource) -> str:
    noun = resource.WhichOneof("resource")
    return {"capability": resource.capability.parent, "organisation": resource.organisation.host}.get(noun or "", "")


def _name(resource: Resource) -> str:
    noun = resource.WhichOneof("resource")
    return getattr(resource, noun).name if noun else ""


def _specs_of(resource: Resource, specs: Sequence[SpecContent]) -> Sequence[SpecContent]:
    return specs if resource.WhichOneof("resource") == "release" else ()


def _attempt(batch: Batch, resource: Resource, now: datetime) -> pb.ApplyResult:
    try:
        return _one(batch, resource, now)
    except RegistryError as error:
        return _failed(_name(resource), error)


def _one(batch: Batch, resource: Resource, now: datetime) -> pb.ApplyResult:
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
    outcome = settle(batch, rules, draft, before, rules.settable, now)
    result = pb.ApplyResult(name=draft.name, outcome=Outcome.APPLY_OUTCOME_UNCHANGED)
    if not outcome.changed:
        result.revision = outcome.after.revision
        return result
    result.diff.extend(diff.between(before, outcome.after, rules.settable))
    verb = (
        VERBS.get(outcome.after.state, "updated") if noun == "release" else "created" if before is None else "updated"
    )
    result.revision = batch.put(outcome.after, verb)
    result.outcome = Outcome.APPLY_OUTCOME_CREATED if before is None else Outcome.APPLY_OUTCOME_UPDATED
    return result


def _failed(name: str, error: RegistryError) -> pb.ApplyResult:
    result = pb.ApplyResult(name=name, outcome=Outcome.APPLY_OUTCOME_FAILED)
    result.error.reason = ErrorReason.Value(f"ERROR_REASON_{error.reason}")
    result.error.message = error.message
    result.error.metadata.update(error.metadata)
    return result


def _all_refused(results: list[pb.ApplyResult]) -> list[pb.ApplyResult]:
    """The entries that are right by themselves say that they were held back by the others."""
    failed = sum(result.outcome == Outcome.APPLY_OUTCOME_FAILED for result in results)
    text = f"Held back: {failed} of the batch refused, and it is all or nothing."
    held = RegistryError("BATCH_FAILED", text, failed=failed)
    return [
        result if result.outcome == Outcome.APPLY_OUTCOME_FAILED else _failed(result.name, held) for result in results
    ]
