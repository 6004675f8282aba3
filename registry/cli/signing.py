"""`gemensam keygen` and `gemensam sign`: a publisher's own word on a release, which no registry can give."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli import files, options, render
from registry.cli.failure import USAGE, Failure

if TYPE_CHECKING:
    from registry.definitions import Definitions

SigningKey = Annotated[
    Path | None,
    typer.Option("--sign", metavar="KEY", help="Sign the releases with the key in this file.", show_default=False),
]


def keygen(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="A new file for the key, which only you may read.")],
    name: Annotated[str, typer.Option(help="What the key is known by, for example permits.falun.se; no person.")],
    *,
    as_json: options.Json = False,
) -> None:
    """Make a key that signs releases, or a registry's checkpoints; print the public key to give to others."""
    from registry.evidence import keyfile, notes  # noqa: PLC0415 - help and completion need none of it

    try:
        signer = notes.make(name)
    except notes.Unproven as error:
        raise Failure(str(error), exit_code=USAGE) from None
    keyfile.write(out, signer)
    if as_json:
        render.json_line({"file": str(out), "key": str(signer.verifier), "key_id": signer.verifier.id})
    else:
        render.line(str(signer.verifier))


def sign(
    paths: files.Paths,
    *,
    key: Annotated[Path, typer.Option("--key", metavar="KEY", help="The file of a key that `gemensam keygen` made.")],
    overlay: files.Overlays = None,
    as_json: options.Json = False,
) -> None:
    """Sign the releases in definition files; print an overlay to lay over them, or with --json DSSE envelopes."""
    found = files.read(paths, overlay)
    signed(found, key)
    from registry.evidence import releases  # noqa: PLC0415 - help and completion need none of it

    mine = [each.resource.release for each in found.items if each.noun == "release"]
    if not mine:
        raise Failure("There are no releases in them.", remedy="Name files that hold some.")
    if as_json:
        for each in mine:
            render.json_line(releases.envelope(each))
    else:
        typer.echo("".join(map(_overlay, mine)), nl=False)


def signed(found: "Definitions", key: Path) -> None:
    """Put the key's signature on every release. Errors: those of the key's file."""
    from registry.evidence import keyfile, releases  # noqa: PLC0415 - help and completion need none of it

    signer = keyfile.read(key)
    for each in found.items:
        if each.noun == "release":
            releases.sign(each.resource.release, signer)


def _overlay(release: Any) -> str:
    """A document that has the signatures alone."""
    from registry.api.v1.release_pb2 import Release  # noqa: PLC0415 - help and completion need none of it
    from registry.api.v1.resource_pb2 import Resource  # noqa: PLC0415
    from registry.definitions import writer  # noqa: PLC0415

    return writer.write([Resource(release=Release(name=release.name, signatures=release.signatures))])
