"""Area FNS of the national REST API profile: how searches are asked for and paged."""

from collections.abc import Iterator

from registry.contracts.profile.contract import Contract, Operation
from registry.contracts.profile.place import Place
from registry.contracts.profile.schema import shape
from registry.contracts.rule import BOR, SKALL, Rule, Wrong
from registry.domain.problem import quoted

_FIRST, _LIMIT = 1, 20


def _voluntary(contract: Contract) -> Iterator[Wrong]:
    for each in contract.parameters:
        place = each.at("required")
        if each.at("in").text == "query" and place.value is True:
            yield Wrong(place.pointer, f"The parameter {quoted(each.at('name').text)} must be given.")


def _limit(contract: Contract) -> Iterator[Wrong]:
    for operation, names in _paged(contract):
        if "limit" not in names:
            yield Wrong(operation.place.at("parameters").pointer, "It is paged and has no `limit`.")


def _first_page(contract: Contract) -> Iterator[Wrong]:
    for _, names in _paged(contract):
        if page := names.get("page"):
            yield from _default(page, _FIRST)


def _default_limit(contract: Contract) -> Iterator[Wrong]:
    for _, names in _paged(contract):
        if limit := names.get("limit"):
            yield from _default(limit, _LIMIT)


def _default(parameter: Place, wanted: int) -> Iterator[Wrong]:
    schema = parameter.at("schema")
    place = shape(schema).first("default") or schema.at("default")
    if isinstance(place.value, bool) or place.value != wanted:
        yield Wrong(place.pointer, f"The default of {quoted(parameter.at('name').text)} is not {wanted}.")


def _paged(contract: Contract) -> Iterator[tuple[Operation, dict[str, Place]]]:
    """Operations that are paged, with their query parameters."""
    for each in contract.operations:
        names = {one.at("name").text: one for one in each.parameters if one.at("in").text == "query"}
        if "page" in names or "offset" in names:
            yield each, names


RULES = (
    Rule("FNS.05", BOR, "Let query parameters be optional.", _voluntary),
    Rule("FNS.07", SKALL, "Page with `limit` together with `page` or `offset`.", _limit),
    Rule("FNS.08", SKALL, "Let `page` start at 1 and say so in `default`.", _first_page),
    Rule("FNS.09", BOR, "Let `limit` be 20 when it is not given and say so in `default`.", _default_limit),
)
