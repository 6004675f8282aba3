"""Options that several commands share, and the settings that they make."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli.failure import USAGE, Failure

if TYPE_CHECKING:
    from registry.settings import Settings

Address = Annotated[
    str | None,
    typer.Option(
        "--address", help="Address of the registry (GEMENSAM_GRPC_ADDRESS; else 127.0.0.1:7400).", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="JSON lines for scripts; errors as JSON on stderr.")]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder that keeps everything (GEMENSAM_DATA; else gemensam-data).", show_default=False
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="Database instead of the folder (GEMENSAM_DATABASE_URL).", show_default=False),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kinds", help="Only these kinds: offering,release (or several times).", show_default=False),
]
Prefix = Annotated[str, typer.Option("--prefix", help="Only names that begin so.", show_default=False)]


def settings(**given: Any) -> "Settings":
    """The settings: what was given as an option, else the environment, else the defaults. Errors: Failure."""
    from pydantic import ValidationError  # noqa: PLC0415 - help and completion need none of it

    from registry.settings import Settings  # noqa: PLC0415

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        wrong = [(f"GEMENSAM_{each['loc'][0]}".upper(), str(each["msg"])) for each in error.errors()]
        raise Failure("A setting cannot be read.", violations=wrong, exit_code=USAGE) from error


def address(given: str | None) -> str:
    """The registry's address."""
    return settings(grpc_address=given).grpc_address


def name(given: str, collection: str) -> str:
    """A full name, also of who wrote its last segment only."""
    return given if "/" in given else f"{collection}/{given}"


def nouns(given: list[str] | None, known: list[str]) -> list[str]:
    """Kinds as they were written, singular or plural, with commas or several times. Errors: Failure."""
    from registry.cli.nouns import noun  # noqa: PLC0415

    words = [word.strip() for each in given or [] for word in each.split(",")]
    return [noun(word, known) for word in words if word]
