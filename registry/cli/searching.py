"""`gemensam search`: offerings by words, the best first."""

from typing import Annotated, Any

import typer

from registry.cli import options, render

_SHOWN = 20
_VALUES = 8  # of a facet, on a terminal; JSON has them all


def search(
    words: Annotated[list[str], typer.Argument(help="What to look for, in Swedish or English.", show_default=False)],
    *,
    filter_: Annotated[str, typer.Option("--filter", help="For example: state = ACTIVE", show_default=False)] = "",
    page_size: Annotated[int, typer.Option(min=1, max=1000, help="Most offerings to show.")] = _SHOWN,
    address: options.Address = None,
    as_json: options.Json = False,
) -> None:
    """Find offerings: inflected, as part of a longer word, or slightly misspelt. How many of which kind stand below."""
    from registry.api.v1.offering_service_pb2 import SearchOfferingsRequest  # noqa: PLC0415 - help needs none of it
    from registry.cli.connection import connected  # noqa: PLC0415

    request = SearchOfferingsRequest(query=" ".join(words), filter=filter_, page_size=page_size)
    with connected(options.address(address)) as registry:
        found = registry.call(registry.offerings.SearchOfferings, request)
    if as_json:
        render.json_line(found)
        return
    if found.corrected_query:
        render.note(f"Showing results for {found.corrected_query}")
    if not found.offerings:
        render.note("No offering was found.")
        return
    _show(found)


def _show(found: Any) -> None:
    rows = zip(found.offerings, found.scores, strict=True)
    table = render.Rows("name", "title", "provider", "score")
    table.print([[each.name, each.title.sv, each.provider, f"{score:.1f}"] for each, score in rows])
    if found.next_page_token:
        render.note(
            f"There are more than these {len(found.offerings)}: narrow it by --filter, or see more by --page-size."
        )
    for field in dict.fromkeys(facet.field for facet in found.facets):
        values = [f"{facet.value} ({facet.count})" for facet in found.facets if facet.field == field]
        more = [f"and {len(values) - _VALUES} more"] if len(values) > _VALUES else []
        render.line(f"{field}: {', '.join([*values[:_VALUES], *more])}")
