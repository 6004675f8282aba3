"""Areas AME, ARQ, DOT, FEL and FOR of the national REST API profile: what is sent and what is answered."""

import re
from collections.abc import Iterable, Iterator

from registry.contracts.profile.contract import Contract, distinct, media_type
from registry.contracts.profile.place import Place
from registry.contracts.profile.schema import shape, types
from registry.contracts.rule import BOR, SKALL, Rule, Wrong, listed
from registry.domain.problem import quoted

_JSON = "application/json"
_PROBLEMS = frozenset({"application/problem+json", "application/problem+xml"})
_PROBLEM = ("type", "title", "status", "detail", "instance")
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
_STRUCTURED = re.compile(r".*(/|\+)(json|xml|yaml)|multipart/.*")
_DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = rf"{_DATE}[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
_RFC3339 = {
    "date": re.compile(_DATE, re.ASCII),
    "date-time": re.compile(rf"{_TIME}([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII),
}
_UTC = re.compile(rf"{_TIME}([Zz]|[+-]00:00)", re.ASCII)


def _json(contract: Contract) -> Iterator[Wrong]:
    good = [each.place for each in contract.answers if not each.error]
    for place in (each.at("content") for each in [*contract.bodies, *good]):
        names = [media_type(name) for name, _ in place.members()]
        if names and _JSON not in names:
            yield Wrong(place.pointer, f"There is only {listed(names[:3])}.")


def _charset(contract: Contract) -> Iterator[Wrong]:
    for name, place in contract.body_media:
        found = _CHARSET.search(name)
        if found and found[1].lower() not in {"utf-8", "utf8"}:
            yield Wrong(place.pointer, f"The body is sent in {quoted(found[1])}.")


def _headers(contract: Contract) -> Iterator[Wrong]:
    for each in contract.exchanged_parameters:
        if each.at("in").text == "header" and (what := _payload(each)):
            yield Wrong(each.pointer, f"The header {quoted(each.at('name').text)} carries {what}.")


def _payload(parameter: Place) -> str:
    schema = parameter.at("schema")
    kinds, form = types(schema), shape(schema).first("format")
    items = shape(schema).first("items")
    if "object" in kinds or ("array" in kinds and items and types(items) & {"object", "array"}):
        return "a nested structure"
    if "string" in kinds and form and form.text in {"binary", "byte"}:
        return "binary data"
    if any(_STRUCTURED.fullmatch(media_type(name)) for name, _ in parameter.at("content").members()):
        return "a document"
    return ""


def _times(contract: Contract) -> Iterator[Wrong]:
    for form, place, text in _moments(contract.told_schemas):
        if form == "date-time" and not _UTC.fullmatch(text):
            yield Wrong(place.pointer, f"{quoted(text)} is not a time in UTC.")


def _forms(contract: Contract) -> Iterator[Wrong]:
    for form, place, text in _moments(contract.schemas):
        if not _RFC3339[form].fullmatch(text):
            yield Wrong(place.pointer, f"{quoted(text)} is not a {form} of RFC 3339.")


def _moments(schemas: Iterable[Place]) -> Iterator[tuple[str, Place, str]]:
    for schema in schemas:
        if schema.has("format") and (form := schema.at("format").text) in _RFC3339:
            for place in (schema.at("example"), *schema.at("examples").items()):
                if isinstance(place.value, str):
                    yield form, place, place.value
                elif isinstance(place.value, int | float):
                    yield form, place, "a number"


def _problem_fields(contract: Contract) -> Iterator[Wrong]:
    media = (place.at("schema") for name, place in contract.answer_media if media_type(name) in _PROBLEMS)
    for schema in distinct(each.followed() or each for each in media):
        whole = shape(schema)
        known = {key for key, _ in whole.properties()}
        if whole.whole and (missing := [each for each in _PROBLEM if each not in known]):
            yield Wrong(schema.pointer, f"The problem has no {listed(missing)}.")


def _problem_media(contract: Contract) -> Iterator[Wrong]:
    for each in contract.answers:
        names = [media_type(name) for name, _ in each.place.at("content").members()]
        if each.error and names and not _PROBLEMS.intersection(names):
            yield Wrong(each.place.at("content").pointer, f"The error is told as {listed(names[:3])}.")


def _bodies(contract: Contract) -> Iterator[Wrong]:
    for each in contract.exchanges:
        place = each.place.at("requestBody")
        if each.method == "get" and place.value is not None:
            yield Wrong(place.pointer, "GET takes a body.")


RULES = (
    Rule("AME.01", BOR, "Offer `application/json` (RFC 8259).", _json),
    Rule("ARQ.01", BOR, "Take requests in UTF-8.", _charset),
    Rule("ARQ.05", SKALL, "Carry payload in the body, never in headers.", _headers),
    Rule("DOT.01", SKALL, "Answer times as RFC 3339 in UTC, for example 2026-01-31T12:00:00Z.", _times),
    Rule("DOT.04", SKALL, "Write dates as 2026-01-31 and times as 2026-01-31T12:00:00+01:00.", _forms),
    Rule(
        "FEL.01",
        SKALL,
        "Describe errors as RFC 9457 with `type`, `title`, `status`, `detail` and `instance`.",
        _problem_fields,
    ),
    Rule("FEL.02", SKALL, "Answer errors as `application/problem+json` or `application/problem+xml`.", _problem_media),
    Rule("FOR.02", SKALL, "Let GET take what it needs from the path, the query and headers.", _bodies),
)
