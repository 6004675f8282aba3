"""`gemensam export`."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli import options, render
from registry.cli.failure import USAGE, Failure

if TYPE_CHECKING:
    from registry.api.v1.release_pb2 import Spec
    from registry.cli.connection import Registry

PAGE = 500
CONTRACTS = "contracts"
Body = Annotated[
    str,
    typer.Option(
        "--for",
        metavar="ORGANISATION",
        help="What a runner would bring to this body: a JSON document for each subscription.",
        show_default=False,
    ),
]
Rules = Annotated[
    Path | None,
    typer.Option("--policy", help="With --for: the body's policy; else nothing is judged.", show_default=False),
]
Out = Annotated[str, typer.Option("--out", metavar="DIR|-", help="A folder, one file for each resource; - for stdout.")]


def export(
    kinds: options.Kinds = None,
    prefix: options.Prefix = "",
    out: Out = "-",
    address: options.Address = None,
    *,
    body: Body = "",
    policy: Rules = None,
    as_json: options.Json = False,
) -> None:
    """Write resources as definition files, as `gemensam apply` takes them; in a folder with their contracts.

    With --for, files for a body that has no runner of its own.
    """
    if (body and (kinds or prefix)) or (policy and not body):
        text = "--policy goes with --for, and --kinds and --prefix without it."
        raise Failure(text, exit_code=USAGE)
    where = options.address(address)
    from registry.cli.connection import connected  # noqa: PLC0415 - help and completion need none of it

    if body:
        from registry.cli import bodies  # noqa: PLC0415

        with connected(where) as registry:
            bodies.export(registry, options.name(body, "organisations"), out, policy, as_json=as_json)
        return
    from registry.definitions import writer  # noqa: PLC0415
    from registry.domain.nouns import APPLIED  # noqa: PLC0415

    wanted = options.nouns(kinds, list(APPLIED))
    count = 0
    with connected(where) as registry:
        for resource in pages(registry, wanted, prefix):
            if out != "-":
                _write(registry, Path(out), resource)
            elif as_json:
                render.json_line(getattr(resource, resource.WhichOneof("resource")))
            else:
                typer.echo(writer.write([resource]), nl=False)
            count += 1
    if out != "-":
        render.line(f"{count} resources are in {out}.")


def pages(registry: "Registry", kinds: list[str], prefix: str) -> Iterator[Any]:
    """Every resource that can be applied, references first."""
    from registry.api.v1.definition_service_pb2 import ExportRequest  # noqa: PLC0415 - help needs none of it

    request = ExportRequest(kinds=kinds, name_prefix=prefix, page_size=PAGE)
    while True:
        response = registry.call(registry.definitions.Export, request)
        yield from response.resources
        request.page_token = response.next_page_token
        if not request.page_token:
            return


def _write(registry: "Registry", folder: Path, resource: Any) -> None:
    """One file, at the resource's name; its contracts beside all of them, by hash."""
    from registry.definitions import writer  # noqa: PLC0415 - help and completion need none of it
    from registry.domain import names  # noqa: PLC0415

    noun = resource.WhichOneof("resource")
    name = names.check(getattr(resource, noun).name, noun)  # it becomes a path: only what a name may be
    path = folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)

    def contract(spec: "Spec") -> str:
        return os.path.relpath(_contract(registry, folder, spec), path.parent)

    path.write_text(writer.write([resource], contract), encoding="utf-8", newline="\n")


def _contract(registry: "Registry", folder: Path, spec: "Spec") -> Path:
    from registry.api.v1.offering_service_pb2 import GetSpecRequest  # noqa: PLC0415 - help needs none of it

    path = folder / CONTRACTS / bytes.fromhex(spec.sha256).hex()  # it becomes a path: only what a hash may be
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(registry.call(registry.offerings.GetSpec, GetSpecRequest(sha256=spec.sha256)).content)
    return path
