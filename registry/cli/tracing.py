"""`gemensam trace`: what became of a change, from the ledger alone, without anything that collects traces."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli import options, render
from registry.cli.failure import Failure

if TYPE_CHECKING:
    from registry.api.v1.change_pb2 import Change
    from registry.cli.connection import Registry
    from registry.cli.publication import Publication, Step

PAGE = 1000
Revision = Annotated[int, typer.Argument(min=1, help="Of an offering, a release or a subscription.")]


def trace(
    revision: Revision,
    address: options.Address = None,
    *,
    as_json: options.Json = False,
) -> None:
    """Show every step that followed from a change: by whom, who was subscribed, what was reported, how long it took.

    Each with its trace id, and whether Kafka has it.
    """
    from registry.cli.connection import connected  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.publication import Publication  # noqa: PLC0415

    with connected(options.address(address)) as registry:
        first = _first(registry, revision)
        told = Publication(first, lru_cache(lambda name: _published(registry, name)))
        table = render.Rows("revision", "after ms", "step", "result", "by", "for", "trace", "name")
        for step in told.steps(_following(registry, first)):
            if as_json:
                render.json_line({key: value for key, value in asdict(step).items() if value not in {"", None}})
            else:
                table.print([_row(step)])
        announced = _announced(registry)
    _end(told, announced, as_json=as_json)


def _row(step: "Step") -> list[str]:
    tried = f" ({step.attempts} attempts): {step.message}" if step.error else ""
    onboard = f", {step.onboard_ms:.0f} ms to onboard" if step.onboard_ms is not None else ""
    result = f"{step.result}{onboard}{f', {step.error}' if step.error else ''}{tried}"
    ends = (step.actor, step.on_behalf_of, step.trace_id, step.name)
    return [str(step.revision), f"{step.after_ms:.0f}", step.step, result, *ends]


def _end(told: "Publication", announced: int | None, *, as_json: bool) -> None:
    """What it came to, and whether Kafka has the change."""
    slowest = max(told.onboarded.values(), default=None)
    passed = None if announced is None else announced >= told.first.revision
    if as_json:
        counts: dict[str, Any] = {"subscriptions": len(told.subscriptions), "proven": len(told.onboarded)}
        relay = {"position": announced, "passed": passed}
        render.json_line({"step": "summary", **counts, "slowest_onboard_ms": slowest, "relay": relay})
        return
    words = {None: "none is known", True: "passed it", False: "has not come to it"}
    times = f", the slowest in {slowest:.0f} ms" if slowest is not None else ""
    render.line(f"{len(told.onboarded)} of {len(told.subscriptions)} subscriptions proven{times}.")
    render.line(f"Relay to Kafka: {words[passed]}{f', at revision {announced}' if announced is not None else ''}.")


def _first(registry: "Registry", revision: int) -> "Change":
    """The change itself. Errors: Failure when there is none yet, or it is no longer kept."""
    from registry.api.v1.feed_service_pb2 import ListChangesRequest  # noqa: PLC0415 - help needs none of it

    request = ListChangesRequest(start_revision=revision, page_size=1)
    for change in registry.call(registry.feed.ListChanges, request).changes:
        return change  # type: ignore[no-any-return]
    text = f"Revision {revision} has not been reached."
    raise Failure(text, "REVISION_IN_FUTURE", metadata={"requested_revision": str(revision)})


def _following(registry: "Registry", first: "Change") -> "Iterator[Change]":
    """The ledger from there on, as far as it can matter, up to where it is now."""
    from registry.api.v1.feed_service_pb2 import ListChangesRequest  # noqa: PLC0415 - help needs none of it
    from registry.cli.publication import KINDS  # noqa: PLC0415

    request = ListChangesRequest(start_revision=first.revision, generation=first.generation, page_size=PAGE)
    request.kinds.extend(KINDS)
    end = 0
    while True:
        response = registry.call(registry.feed.ListChanges, request)
        end = end or response.revision
        yield from (change for change in response.changes if change.revision <= end)
        request.page_token = response.next_page_token
        if not request.page_token or response.changes[-1].revision >= end:
            return


def _published(registry: "Registry", name: str) -> int:
    """Microseconds since 1970 of a release's publication."""
    return int(registry.get("release", name).publish_time.ToMicroseconds()) if name else 0


def _announced(registry: "Registry") -> int | None:
    """How far the relay has come; None where none has ever run."""
    from registry.api.v1.feed_service_pb2 import GetHeadRequest  # noqa: PLC0415 - help needs none of it

    head = registry.call(registry.feed.GetHead, GetHeadRequest())
    return int(head.announced_revision) if head.HasField("announced_revision") else None
