"""`gemensam schema`."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from registry.cli import render
from registry.cli.failure import USAGE, Failure

ALL = "definition"
SUFFIX = ".schema.json"
Kind = Annotated[str, typer.Argument(help="For example offering; without it, the schema of files with several kinds.")]
Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write the schemas of all kinds into this folder.", show_default=False),
]


def schema(kind: Kind = ALL, out: Out = None) -> None:
    """Print the JSON Schema of definition files, for editors: `# yaml-language-server: $schema=FILE`."""
    from registry.cli import nouns  # noqa: PLC0415 - help and completion need none of it
    from registry.domain.nouns import APPLIED  # noqa: PLC0415

    folder = files("registry.definitions") / "schemas"
    if out is None:
        noun = ALL if kind == ALL else nouns.noun(kind, [*APPLIED])
        typer.echo((folder / f"{noun}{SUFFIX}").read_text(encoding="utf-8"), nl=False)
        return
    if kind != ALL:
        raise Failure("--out takes all kinds: leave the kind out.", exit_code=USAGE)
    out.mkdir(parents=True, exist_ok=True)
    for name in (*APPLIED, ALL):
        text = (folder / f"{name}{SUFFIX}").read_text(encoding="utf-8")
        (out / f"{name}{SUFFIX}").write_text(text, encoding="utf-8", newline="\n")
    render.line(f"{len(APPLIED) + 1} schemas are in {out}.")
