"""Areas AME, RES and FNS of the national REST API profile: how fields and parameters are named."""

import re
from collections.abc import Iterable, Iterator

from registry.contracts.profile.contract import Contract
from registry.contracts.profile.place import Place
from registry.contracts.rule import BOR, SKALL, Rule, Wrong
from registry.domain.problem import quoted

_CAMEL = re.compile(r"[a-z][a-zA-Z0-9]*")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_ALPHANUMERIC = re.compile(r"[a-zA-Z0-9_]*")
_URL_SAFE = re.compile(r"[a-zA-Z0-9._~-]*")
_LETTER = re.compile(r"[a-zA-Z]")
_Numbered = tuple[int, str, Place]
_PERSONAL = frozenset(
    ("pnr", "personalidentitynumber", "personnummer", "personnr", "ssn", "socialsecuritynumber"),
)


def _query(contract: Contract) -> Iterator[tuple[str, Place]]:
    for each in contract.parameters:
        name = each.at("name")
        if each.at("in").text == "query" and name.text:
            yield name.text, name


def _field_names(contract: Contract) -> Iterator[Wrong]:
    yield from _unstyled("field", contract.fields)


def _fields_mixed(contract: Contract) -> Iterator[Wrong]:
    yield from _mixed("field", contract.fields)


def _field_characters(contract: Contract) -> Iterator[Wrong]:
    for name, place in contract.fields:
        if not _ALPHANUMERIC.fullmatch(name):
            yield Wrong(place.pointer, f"The field {quoted(name)} has other characters.")


def _parameter_names(contract: Contract) -> Iterator[Wrong]:
    yield from _unstyled("parameter", _query(contract))
    yield from _mixed("parameter", _query(contract))


def _first_letters(contract: Contract) -> Iterator[Wrong]:
    for name, place in _query(contract):
        if not _LETTER.match(name):
            yield Wrong(place.pointer, f"The parameter {quoted(name)} starts with something else.")


def _parameter_characters(contract: Contract) -> Iterator[Wrong]:
    for name, place in _query(contract):
        if not _URL_SAFE.fullmatch(name):
            yield Wrong(place.pointer, f"The parameter {quoted(name)} has other characters.")


def _persons(contract: Contract) -> Iterator[Wrong]:
    for each in contract.parameters:
        name = each.at("name")
        plain = name.text.lower().replace("-", "").replace("_", "")
        if each.at("in").text in {"query", "path"} and plain in _PERSONAL:
            yield Wrong(name.pointer, f"The parameter {quoted(name.text)} puts a person's number in the address.")


def _unstyled(noun: str, named: Iterable[tuple[str, Place]]) -> Iterator[Wrong]:
    for name, place in named:
        if not _CAMEL.fullmatch(name) and not _SNAKE.fullmatch(name):
            yield Wrong(place.pointer, f"The {noun} {quoted(name)} is written in another way.")


def _mixed(noun: str, named: Iterable[tuple[str, Place]]) -> Iterator[Wrong]:
    """Those written in the rarer of the two ways; when both are as frequent, in the one that came later."""
    camel: list[_Numbered] = []
    snake: list[_Numbered] = []
    for number, (name, place) in enumerate(named):
        is_camel, is_snake = bool(_CAMEL.fullmatch(name)), bool(_SNAKE.fullmatch(name))
        if is_camel != is_snake:  # a single small word is both
            (camel if is_camel else snake).append((number, name, place))
    if camel and snake:
        rarer = min(camel, snake, key=lambda style: (len(style), -style[0][0]))
        for _, name, place in rarer:
            yield Wrong(place.pointer, f"The {noun} {quoted(name)} is written in another way than the others.")


RULES = (
    Rule("AME.04", BOR, "Write field names in camelCase or snake_case.", _field_names),
    Rule("AME.05", SKALL, "Use either camelCase or snake_case for all field names of an API.", _fields_mixed),
    Rule("AME.07", BOR, "Use letters of a-z, digits and `_` in field names.", _field_characters),
    Rule("FNS.01", SKALL, "Use either camelCase or snake_case for all query parameters of an API.", _parameter_names),
    Rule("FNS.03", SKALL, "Let query parameters start with a letter.", _first_letters),
    Rule("FNS.06", BOR, "Use A-Z, a-z, 0-9, `-`, `.`, `_` and `~` in query parameters.", _parameter_characters),
    Rule("RES.02", BOR, "Use an identifier without meaning in paths and queries.", _persons),
)
