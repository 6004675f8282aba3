"""`gemensam join`: a whole class of organisations asks for many offerings in one command."""

import enum
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli import options, render
from registry.cli.failure import FAILED, USAGE, Failure

if TYPE_CHECKING:
    from registry.cli.asking import Asking
    from registry.cli.connection import Registry
    from registry.cli.wishes import Item


class Environment(enum.StrEnum):
    """Where the systems run."""

    SANDBOX = "sandbox"
    TEST = "test"
    PRODUCTION = "production"


Offerings = Annotated[list[str] | None, typer.Argument(metavar="OFFERING...", help="For example offerings/permits.")]
Class = Annotated[
    str, typer.Option("--class", help='Whose: a filter as of `list organisations`, for example "kind = MUNICIPALITY".')
]
File = Annotated[
    typer.FileText | None,
    typer.Option("--offerings", metavar="FILE", help="Offerings, one a line; - for stdin.", show_default=False),
]
SystemId = Annotated[
    str,
    typer.Option("--system", help="Id of the system, where a body has several in the environment.", show_default=False),
]
Actor = Annotated[
    str,
    typer.Option(help="Who asks, for each body on its behalf: its host, or a function's address.", show_default=False),
]


def join(
    offerings: Offerings = None,
    *,
    class_: Class,
    file: File = None,
    environment: Annotated[Environment, typer.Option(help="Where the systems run.")] = Environment.PRODUCTION,
    system: SystemId = "",
    actor: Actor = "",
    again: Annotated[bool, typer.Option("--again", help="Also what was ended or rejected before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the preview, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed without a terminal.")] = False,
    address: options.Address = None,
    as_json: options.Json = False,
) -> None:
    """Let every organisation of a class ask for offerings. Shows first what would come of it; repeated, it goes on.

    Each body asks with its only system of the environment, or its host's where it has none.
    Exit codes: 0 every body has every offering or has asked for it; 1 some have not, and it says why; 2 wrong usage.
    """
    if not (yes or dry_run) and (as_json or not sys.stdin.isatty()):
        raise Failure("Nobody can be asked here: add --yes, or --dry-run to look first.", exit_code=USAGE)
    wanted = _wanted(offerings or [], file)
    where = options.address(address)
    from registry.cli import joined  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.asking import Asking  # noqa: PLC0415
    from registry.cli.connection import connected  # noqa: PLC0415

    with connected(where) as registry:
        bodies, items = _items(registry, class_, wanted, environment.value, system, again=again)
        asking = Asking(registry, environment.value, actor)
        items = _ask(asking, items, "Looking", as_json=as_json, validate_only=True)
        if not as_json:
            title = f"{bodies} organisations of the class, {len(wanted)} offerings, {environment.value}:"
            joined.show(items, title, dry_run=True)
        if not dry_run and (count := sum(_is_open(each) for each in items)):
            if not yes:
                typer.confirm(f"Ask for {count} subscriptions?", abort=True, err=True)
            items = _ask(asking, items, "Joining", as_json=as_json, validate_only=False)
            if not as_json:
                joined.show(items, f"Asked for {count}:", dry_run=False)
    if as_json:
        joined.lines(items, dry_run=dry_run)
    if any(each.outcome == "refused" for each in items):
        raise typer.Exit(FAILED)


def _wanted(given: Sequence[str], file: Any) -> list[str]:
    """Names of the offerings, each once. Errors: Failure."""
    kept = [line.partition("#")[0].strip() for line in file or ()]
    found = dict.fromkeys(options.name(word, "offerings") for word in (*given, *kept) if word)
    if not found:
        raise Failure("There is no offering to join: name some, or a file with --offerings.", exit_code=USAGE)
    return list(found)


def _items(
    registry: "Registry", class_: str, wanted: Sequence[str], environment: str, system: str, *, again: bool
) -> "tuple[int, list[Item]]":
    """How many bodies there are, and each with each offering. Errors: Failure, for an offering that is not there."""
    from registry.cli import wishes  # noqa: PLC0415 - help and completion need none of it

    for name in wanted:
        registry.get("offering", name)
    pages = registry.pages("organisation", wishes.PAGE, filter=class_)
    bodies = [each for page in pages for each in page]
    if not bodies:
        raise Failure(f"No organisation is in the class {class_}.", remedy="Look: gemensam list organisations --filter")
    systems, known = wishes.Systems(registry, environment, system), wishes.Known(registry, wanted)
    return len(bodies), list(wishes.items(bodies, wanted, systems, known, again=again))


def _is_open(item: "Item") -> bool:
    """A wish that is not answered, or that the preview would grant."""
    return item.outcome in {"", "created"}


def _ask(asking: "Asking", items: "list[Item]", text: str, *, as_json: bool, validate_only: bool) -> "list[Item]":
    """The items, with answers in the place of wishes."""
    places = [place for place, each in enumerate(items) if _is_open(each)]
    with render.progress(text, len(places), shown=not as_json) as show:
        answers = asking.ask([items[place] for place in places], show, validate_only=validate_only)
    answered = dict(zip(places, answers, strict=True))
    return [answered.get(place, each) for place, each in enumerate(items)]
