"""`gemensam get` and `gemensam list`."""

from typing import Annotated

import typer

from registry.cli import options, render

PAGE = 200
KINDS = (
    "organisations",
    "systems",
    "capabilities",
    "offerings",
    "releases",
    "interests",
    "agreements",
    "subscriptions",
    "grants",
    "keys",
)


def _kinds(incomplete: str) -> list[str]:
    return [kind for kind in KINDS if kind.startswith(incomplete)]


Kind = Annotated[str, typer.Argument(help=f"{', '.join(KINDS)}.", autocompletion=_kinds)]


def get(name: str, address: options.Address = None, *, as_json: options.Json = False) -> None:
    """Show one resource by its full name."""
    where = options.address(address)
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - help and completion need none of it

    from registry.cli.connection import connected  # noqa: PLC0415
    from registry.domain.names import kind_of  # noqa: PLC0415

    with connected(where) as registry:
        found = registry.get(kind_of(name), name)
    if as_json:
        render.json_line(found)
        return
    fields = render.leaves(MessageToDict(found, preserving_proto_field_name=True))
    render.Rows("field", "value").print(list(fields))


def list_(
    kind: Kind,
    *,
    parent: Annotated[str | None, typer.Option(help="Below this resource; else all.", show_default=False)] = None,
    filter_: Annotated[
        str,
        typer.Option("--filter", help='For example: kind = MUNICIPALITY AND county_code = "22"', show_default=False),
    ] = "",
    order_by: Annotated[str, typer.Option(help="For example: title.sv", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, help="Most resources to show; else all.", show_default=False)] = 2**31,
    address: options.Address = None,
    as_json: options.Json = False,
) -> None:
    """List resources of a kind, page by page as they come."""
    from registry.cli import nouns  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.connection import connected  # noqa: PLC0415

    noun = nouns.noun(kind)
    query = {"filter": filter_, "order_by": order_by, "parent": parent or nouns.everything(noun)}
    query = {name: value for name, value in query.items() if value}
    columns = nouns.COLUMNS[noun]
    table, left = render.Rows(*(column.removesuffix(".sv") for column in columns)), limit
    with connected(options.address(address)) as registry:
        for page in registry.pages(noun, min(limit, PAGE), **query):
            for found in page[:left] if as_json else ():
                render.json_line(found)
            if not as_json:
                table.print([[nouns.cell(found, column) for column in columns] for found in page[:left]])
            left -= len(page)
            if left <= 0:
                return
