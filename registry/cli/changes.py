"""`gemensam watch` and `gemensam ledger tail`."""

from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli import options, render

if TYPE_CHECKING:
    from registry.api.v1.change_pb2 import Change

From = Annotated[int, typer.Option("--from", min=0, help="First revision; else from now on.", show_default=False)]
Snapshot = Annotated[bool, typer.Option("--snapshot", help="First everything as it is, then what changes.")]
Lines = Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last changes.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")]


def watch(
    start: From = 0,
    kinds: options.Kinds = None,
    prefix: options.Prefix = "",
    address: options.Address = None,
    *,
    snapshot: Snapshot = False,
    as_json: options.Json = False,
) -> None:
    """Follow what changes until Ctrl-C; a connection that is lost is taken up again where it was."""
    from registry.api.v1.feed_service_pb2 import WatchRequest  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.connection import connected  # noqa: PLC0415
    from registry.cli.following import Follower  # noqa: PLC0415
    from registry.domain.names import PATTERNS  # noqa: PLC0415

    wanted = options.nouns(kinds, list(PATTERNS))
    request = WatchRequest(start_revision=start, with_snapshot=snapshot, kinds=wanted, name_prefix=prefix)
    with connected(options.address(address)) as registry:
        for change in Follower(registry, request, render.note).changes():
            _show(change, as_json=as_json)


def tail(
    lines: Lines = 10,
    address: options.Address = None,
    *,
    follow: Follow = False,
    as_json: options.Json = False,
) -> None:
    """Show the last changes of the ledger."""
    from registry.api.v1.feed_service_pb2 import WatchRequest  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.connection import connected  # noqa: PLC0415
    from registry.cli.following import Follower, last  # noqa: PLC0415

    with connected(options.address(address)) as registry:
        found, following, generation = last(registry, lines)
        for change in found:
            _show(change, as_json=as_json)
        if follow:
            request = WatchRequest(start_revision=following, generation=generation)
            for change in Follower(registry, request, render.note).changes():
                _show(change, as_json=as_json)


def _show(change: "Change", *, as_json: bool) -> None:
    if as_json:
        render.json_line(change)
        return
    when = change.time.ToJsonString()[:19].replace("T", " ")
    event = change.event_type.removeprefix("se.gemensam.registry.").removesuffix(".v1")
    render.line(f"{change.revision:>8}  {when}  {event:<24}  {change.name}  {change.actor}")
