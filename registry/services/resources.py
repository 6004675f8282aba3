"""Create, get, list and update, once for all nouns: what the services of the contract have in common."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from registry.domain import document, limits, mask, names, offering
from registry.domain import filter as filters
from registry.domain.rules import Rules
from registry.errors import AlreadyExists, Conflict, Invalid
from registry.services import acting, wire
from registry.services.acting import missing
from registry.services.drawn import drawn
from registry.services.settle import settle
from registry.store import Batch, Caller, Command, Committed, Query, Store, View

M = TypeVar("M", bound=Message)
R = TypeVar("R", bound=Message)


def fingerprint(request: Any) -> bytes:
    """What must be the same for a repeated request id: everything but the id."""
    copy = type(request)()
    copy.CopyFrom(request)
    copy.request_id = ""
    return hashlib.sha256(copy.SerializeToString(deterministic=True)).digest()


def command(
    request: Any, caller: Caller, run: Callable[[Batch], Message], reads: Sequence[str], part: str = ""
) -> Command:
    """The command of a request, or of a part of it, with its idempotency key. It is refused when the caller may not.

    The first of `reads` is the resource that it is about; '' when there are several.
    """

    def run_as(batch: Batch) -> Message:
        acting.check(caller, batch, reads[0] if reads else "")
        return run(batch)

    key = limits.request_id(request.request_id)
    return Command(
        run=run_as,
        caller=caller,
        reads=[name for name in (*reads, *acting.reads(caller)) if name],
        request_id=f"{key}/{part}" if key and part else key,
        method=request.DESCRIPTOR.name,
        fingerprint=fingerprint(request) if request.request_id else b"",
        dry_run=getattr(request, "validate_only", False),
        guard=acting.guard(caller),
    )


def answer(response: type[R], noun: str, done: Committed) -> R:
    """A response that carries a resource and the token of the write."""
    return response(**{noun: done.answer, "revision": done.revision, "generation": done.generation})


def found(batch: Batch, kind: type[M], name: str, etag: str = "") -> M:
    """The resource in the open batch. Errors: RESOURCE_NOT_FOUND; ETAG_MISMATCH with both etags."""
    message: Any = batch.get(kind, name)
    if message is None:
        raise missing(name)
    check_etag(message, etag)
    return message  # type: ignore[no-any-return]


def check_etag(message: Any, etag: str) -> None:
    """Refuse when somebody else was first. Errors: ETAG_MISMATCH with both etags."""
    if etag and etag != message.etag:
        text = f"{message.name} has changed since it was read: it has etag {message.etag}, not {etag}. Read it again."
        raise Conflict("ETAG_MISMATCH", text, name=message.name, sent_etag=etag, current_etag=message.etag)


class Resources(Generic[M]):
    """The resources of one noun."""

    def __init__(self, store: Store, rules: Rules[M]) -> None:
        self._store, self._rules, self._noun = store, rules, rules.noun

    async def get(self, request: Any, caller: Caller, response: type[Message]) -> bytes:
        """One resource by name."""
        name = names.check(request.name, self._noun)

        def read(view: View) -> bytes:
            stored = view.get(name)
            if stored is None:
                raise missing(name)
            return wire.documents(response, [stored], response(revision=view.revision, generation=view.generation))

        return await self._store.read(read, request.min_revision, caller.authority.sight)

    async def list(self, request: Any, caller: Caller, response: type[Message]) -> bytes:
        """A page by filter and order."""
        query = Query(
            kind=self._noun,
            parent=names.listed_under(self._noun, getattr(request, "parent", "")),
            filter=filters.parse(request.filter),
            order_by=getattr(request, "order_by", "") or "name",
            page_size=limits.page_size(request.page_size),
            page_token=request.page_token,
        )

        def read(view: View) -> bytes:
            page = view.page(query)
            rest = response(next_page_token=page.next_page_token, revision=view.revision, generation=view.generation)
            return wire.documents(response, page.documents, rest)

        return await self._store.read(read, request.min_revision, caller.authority.sight)

    async def create(self, request: Any, caller: Caller, response: type[R], now: Callable[[], datetime]) -> R:
        """A new resource below the request's parent. Errors: RESOURCE_ALREADY_EXISTS."""
        draft = self.draft(request)
        segment = getattr(request, f"{self._noun}_id") or drawn()
        draft.name = names.child(self._noun, getattr(request, "parent", ""), segment)
        document.check(self._rules, draft)

        def run(batch: Batch) -> Message:
            after: Message = self.add(batch, draft, now(), checked=True)
            return after

        reads = [draft.name, *(reference.name for reference in self._rules.references(draft))]
        return answer(response, self._noun, await self._store.write(command(request, caller, run, reads)))

    def add(self, batch: Batch, draft: Any, now: datetime, *, checked: bool = False) -> Any:
        """Stage a new one; answers it. Errors: RESOURCE_ALREADY_EXISTS; then nothing is staged."""
        batch.ask(draft, "created")
        if batch.get(self._rules.kind, draft.name) is not None:
            text = f"{draft.name} exists: choose another id, or update it."
            raise AlreadyExists("RESOURCE_ALREADY_EXISTS", text, name=draft.name)
        after = settle(batch, self._rules, draft, None, self._rules.settable, now, checked=checked).after
        batch.put(after, "proposed" if self._noun == "agreement" else "created")
        return after

    async def update(self, request: Any, caller: Caller, response: type[R], now: Callable[[], datetime]) -> R:
        """Change the fields of the mask. Errors: RESOURCE_NOT_FOUND unless `allow_missing`; ETAG_MISMATCH."""
        sent = self.draft(request)
        name = names.check(sent.name, self._noun)
        etag = getattr(request, self._noun).etag
        paths = mask.paths(request.update_mask, self._rules.kind, self._rules.settable)

        def run(batch: Batch) -> Message:
            before = batch.get(self._rules.kind, name)
            if before is None and not request.allow_missing:
                raise missing(name)
            if before is not None:
                check_etag(before, etag)
            outcome = settle(batch, self._rules, sent, before, paths, now())
            if outcome.changed:
                batch.put(outcome.after, offering.verb(outcome.after, before))
            after: Message = outcome.after
            return after

        reads = [name, *(reference.name for reference in self._rules.references(sent))]
        return answer(response, self._noun, await self._store.write(command(request, caller, run, reads)))

    def draft(self, request: Any) -> Any:
        """The fields that callers may set, as the request sends them. Errors: FIELD_INVALID without the resource."""
        sent: Any = self._rules.kind()
        if not request.HasField(self._noun):
            what = "is required"
            raise Invalid("FIELD_INVALID", f"{self._noun} {what}.", violations=[(self._noun, what)], field=self._noun)
        sent.CopyFrom(getattr(request, self._noun))
        mask.settable(sent, self._rules.settable)
        return sent
