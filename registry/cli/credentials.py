"""What a command proves itself with: options before the command, else the environment."""

from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli import serving

if TYPE_CHECKING:
    from registry.reach import Reach


def _version(*, asked: bool) -> None:
    if asked:
        serving.version()
        raise typer.Exit


Ca = Annotated[
    Path | None,
    typer.Option(help="Authorities of the registry's certificate, PEM, or `public` (GEMENSAM_CA).", show_default=False),
]
Certificate = Annotated[
    Path | None, typer.Option(help="Your client certificate, PEM (GEMENSAM_CERTIFICATE).", show_default=False)
]
Key = Annotated[Path | None, typer.Option(help="Its key, PEM (GEMENSAM_KEY).", show_default=False)]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        help="File with an access token (GEMENSAM_TOKEN_FILE). An API key: only GEMENSAM_API_KEY.", show_default=False
    ),
]
Version = Annotated[
    bool,
    typer.Option("--version", help="Show which version this is, and end.", callback=_version, is_eager=True),
]
_given: ContextVar[dict[str, Any] | None] = ContextVar("given", default=None)


def take(
    ca: Ca = None,
    certificate: Certificate = None,
    key: Key = None,
    token_file: TokenFile = None,
    *,
    version: Version = False,
) -> None:
    """Take what is written before the command."""
    del version  # it was answered
    said = {"ca": ca, "certificate": certificate, "key": key, "token_file": token_file}
    _given.set({name: file for name, file in said.items() if file is not None})


def reach(address: str) -> "Reach":
    """How the registry at an address is reached. Errors: Unready."""
    from registry.reach import Credentials  # noqa: PLC0415 - help and completion need none of it

    return Credentials(**(_given.get() or {})).reach(address)
