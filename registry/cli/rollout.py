"""`gemensam rollout`: how far a release has come, as it is or as it moves."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli import options, render
from registry.cli.failure import NOT_YET, USAGE, Failure

if TYPE_CHECKING:
    from registry.api.v1.change_pb2 import Change
    from registry.api.v1.onboarding_service_pb2 import GetConvergenceRequest, GetConvergenceResponse
    from registry.cli.connection import Registry

KINDS = ("organisation", "offering", "release", "subscription")
ASK_AGAIN_SECONDS = 1.0  # after a deadline that has not passed by the registry's clock
Offering = Annotated[str, typer.Argument(help="Full name of the offering.")]
Release = Annotated[
    str, typer.Option("--release", help="Release or its version; else the newest published one.", show_default=False)
]
Campaign = Annotated[str, typer.Option("--campaign", help="Id of a campaign of the offering.", show_default=False)]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Go on until everybody is there, or Ctrl-C.")]
MaxLaggards = Annotated[int, typer.Option("--max-laggards", min=1, max=1000, help="Most laggards to show.")]


def status(
    offering: Offering,
    release: Release = "",
    campaign: Campaign = "",
    max_laggards: MaxLaggards = 20,
    address: options.Address = None,
    *,
    watch: Watch = False,
    as_json: options.Json = False,
) -> None:
    """Show who has a release, who has not and why, and how long it took.

    Exit codes: 0 everybody has it or is excused; 4 not yet.
    """
    if release and campaign:
        raise Failure("Name a release or a campaign: a campaign says what release it is about.", exit_code=USAGE)
    from registry.api.v1.onboarding_service_pb2 import GetConvergenceRequest  # noqa: PLC0415 - help needs none of it
    from registry.cli.connection import connected  # noqa: PLC0415

    request = GetConvergenceRequest(
        name=offering, release=_release(offering, release), campaign=campaign, page_size=max_laggards
    )
    there = False
    with connected(options.address(address)) as registry, _shown(live=watch, as_json=as_json) as show:
        for found in _standings(registry, request, watch=watch):
            there = _there(found)
            show(found)
    if not there:
        raise typer.Exit(NOT_YET)


def _release(offering: str, given: str) -> str:
    """The name of a release that may be written as its version."""
    from registry.domain.names import release_id  # noqa: PLC0415 - help and completion need none of it

    return f"{offering}/releases/{release_id(given)}" if given and "/" not in given else given


def _there(found: "GetConvergenceResponse") -> bool:
    return found.release != "" and found.converged == found.total and not found.not_joined


def _standings(
    registry: "Registry", request: "GetConvergenceRequest", *, watch: bool
) -> "Iterator[GetConvergenceResponse]":
    """How it stands; with `watch` also whenever it moves. What moved before an answer is in it, and not asked again."""
    found = registry.call(registry.onboarding.GetConvergence, request)
    yield found
    while watch and not _there(found):
        before, request.min_revision = found, _moved(registry, found)
        found = registry.call(registry.onboarding.GetConvergence, request)
        if _tells(found) != _tells(before):
            yield found


def _moved(registry: "Registry", found: "GetConvergenceResponse") -> int:
    """Wait for a change after the answer that concerns it, or for its deadline; returns the revision to ask for."""
    from registry.api.v1.feed_service_pb2 import WatchRequest  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.following import Follower  # noqa: PLC0415

    follow = WatchRequest(start_revision=found.revision + 1, generation=found.generation, kinds=KINDS)
    for change in Follower(registry, follow, render.note, _deadline(found)).changes():
        if _concerns(change, found.name):
            return change.revision
    return found.revision


def _deadline(found: "GetConvergenceResponse") -> float:
    """When the answer changes by itself, in seconds since 1970: whoever is not there by then is overdue."""
    if found.overdue or not found.HasField("deadline"):
        return math.inf
    return max(found.deadline.ToMicroseconds() / 1e6, time.time() + ASK_AGAIN_SECONDS)


def _concerns(change: "Change", offering: str) -> bool:
    """Organisations count where they are of a campaign's class, or are told apart."""
    if change.kind == "subscription":
        return change.resource.subscription.offering == offering
    return change.kind == "organisation" or f"{change.name}/".startswith(f"{offering}/")


def _tells(found: "GetConvergenceResponse") -> Any:
    told = type(found)()
    told.CopyFrom(found)
    told.ClearField("revision")
    return told


@contextmanager
def _shown(*, live: bool, as_json: bool) -> "Iterator[Callable[[GetConvergenceResponse], None]]":
    """How answers are shown: as JSON lines, one after the other, or in place where a terminal can."""
    if as_json:
        yield render.json_line
        return
    from registry.cli.board import board  # noqa: PLC0415 - help and completion need none of it

    console = render.out()
    if not live or not console.is_terminal:
        yield lambda found: render.show(console, board(found))
        return
    from rich.live import Live  # noqa: PLC0415 - only a terminal that shows it live needs it

    with Live(console=console, auto_refresh=False) as drawn:
        yield lambda found: drawn.update(board(found), refresh=True)
