"""FeedService, but for the stream: pages of the ledger and its head."""

import base64
from typing import Any

from registry.api.v1 import feed_service_pb2 as pb
from registry.domain import limits
from registry.domain.nouns import NOUNS
from registry.errors import Gone, Invalid, Precondition
from registry.services.measures import RELAY
from registry.store import Caller, Head, Store, View


class Feed:
    """Use cases of FeedService."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get_head(self, request: pb.GetHeadRequest, _caller: Caller) -> pb.GetHeadResponse:
        """How far the ledger has come, and its relay."""

        def read(view: View) -> pb.GetHeadResponse:
            head, relay = view.head(), view.reading(RELAY)
            return pb.GetHeadResponse(
                revision=head.revision,
                generation=head.generation,
                floor_revision=head.floor,
                hash=head.hash,
                announced_revision=relay.revision if relay else None,
            )

        return await self._store.read(read, request.min_revision)

    async def list_changes(self, request: pb.ListChangesRequest, caller: Caller) -> pb.ListChangesResponse:
        """A page of the ledger by revision."""
        check_kinds(request.kinds)
        size = limits.page_size(request.page_size)
        after = _decode(request.page_token)

        def read(view: View) -> pb.ListChangesResponse:
            head = view.head()
            check_start(after or request.start_revision, request.generation, head)
            start = after or request.start_revision or head.floor
            changes = view.changes(start, size + 1, request.kinds, request.name_prefix)
            token = _encode(changes[size].revision) if len(changes) > size else ""
            return pb.ListChangesResponse(
                changes=changes[:size], next_page_token=token, revision=view.revision, generation=view.generation
            )

        return await self._store.read(read, request.min_revision, caller.authority.sight)


def check_kinds(kinds: Any) -> None:
    """Refuse a noun that does not exist. Errors: FIELD_INVALID."""
    known = set(NOUNS)
    for kind in kinds:
        if kind not in known:
            what = f"must be of {', '.join(sorted(known))}, and {kind[:63]!r} is not"
            raise Invalid("FIELD_INVALID", f"kinds {what}.", violations=[("kinds", what)], field="kinds")


def check_start(start: int, generation: str, head: Head) -> None:
    """Refuse a place that cannot be read from: `start` may be 0, the floor up to the head, or the next one.

    Errors: GENERATION_MISMATCH, REVISION_COMPACTED with the floor, REVISION_IN_FUTURE with the head.
    """
    if generation and generation != head.generation:
        text = f"Generation {generation[:64]} is not this store's {head.generation}: start again from a snapshot."
        names: dict[str, Any] = {"sent_generation": generation[:64], "current_generation": head.generation}
        raise Precondition("GENERATION_MISMATCH", text, **names)
    if start < 0:
        what = "must not be negative"
        raise Invalid(
            "FIELD_INVALID", f"start_revision {what}.", violations=[("start_revision", what)], field="start_revision"
        )
    if start and start < head.floor:
        text = f"Revision {start} is no longer kept; the oldest is {head.floor}: start again from a snapshot."
        raise Gone("REVISION_COMPACTED", text, requested_revision=start, floor_revision=head.floor)
    if start > head.revision + 1:
        text = f"Revision {start} has not been reached; the newest is {head.revision}."
        raise Precondition("REVISION_IN_FUTURE", text, requested_revision=start, head_revision=head.revision)


def _encode(revision: int) -> str:
    return base64.urlsafe_b64encode(b"r%d" % revision).decode()


def _decode(token: str) -> int:
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token.encode())
        return int(text.removeprefix(b"r")) if text.startswith(b"r") else _refuse()
    except ValueError:
        return _refuse()


def _refuse() -> int:
    raise Invalid("PAGE_TOKEN_INVALID", "The page token is malformed: start again without it.")
