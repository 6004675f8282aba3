"""Definition files as arguments of commands, and what is said when they cannot be taken."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.failure import Failure

if TYPE_CHECKING:
    from registry.definitions import Definitions

Paths = Annotated[
    list[str], typer.Argument(metavar="FILE|DIR|-", help="Definition files, folders of them, or - for stdin.")
]
Overlays = Annotated[
    list[str] | None,
    typer.Option(
        "--overlay",
        metavar="FILE|DIR",
        help="What differs in an environment, laid over them; several are laid one after the other.",
        show_default=False,
    ),
]


def read(paths: Sequence[str], overlays: Sequence[str] | None, *, then: str = "; nothing was sent") -> "Definitions":
    """What the files hold. Errors: Failure with every fault of every file, or when there is nothing in them."""
    from registry import definitions  # noqa: PLC0415 - help and completion need none of it

    found = definitions.read(paths, overlays or ())
    if found.problems:
        count = len(found.problems)
        text = f"{count} {'fault' if count == 1 else 'faults'} in the definition files{then}."
        raise Failure(text, "FIELD_INVALID", problems=found.problems, remedy="Correct them, then try again.")
    if not found.items:
        raise Failure("There are no definitions in them.", remedy="Name files that hold some.")
    return found
