"""Area DOK of the national REST API profile: what the documentation of an API tells."""

import re
from collections.abc import Iterator

from registry.contracts.profile.contract import Contract, media_type
from registry.contracts.profile.place import Place
from registry.contracts.profile.schema import shape
from registry.contracts.rule import BOR, SKALL, Rule, Wrong, listed
from registry.domain.problem import quoted

_INFO = (
    ((), ("version", "title", "description")),
    (("contact",), ("name", "url", "email")),
    (("license",), ("name", "url")),
)
_LEVEL = ("availability", "responseTime", "support")
_SLA = re.compile(r"\bsla\b|service level agreement", re.IGNORECASE)
_LIMITS = re.compile(r"limit|begränsning|problem", re.IGNORECASE)
_LATEST = re.compile(r"3\.\d+\.\d+([-+].*)?", re.ASCII)
_WORD = re.compile(r"[a-zåäö]+")
# Words that nearly every text has and that the other language does not.
_SWEDISH = ("och", "att", "är", "för", "som", "med", "till", "på", "av", "ett", "det", "den", "inte", "eller", "från")
_ENGLISH = ("the", "and", "of", "to", "is", "are", "for", "with", "that", "this", "from", "or", "by", "not", "which")
_WORDS = {"Swedish": frozenset(_SWEDISH), "English": frozenset(_ENGLISH)}
_ENOUGH = 2  # different words: one alone may be a name


def _online(contract: Contract) -> Iterator[Wrong]:
    documents = contract.root.at("externalDocs")
    if missing := [key for key in ("description", "url") if not documents.at(key).text]:
        yield Wrong(documents.pointer, f"`externalDocs` has no {listed(missing)}.")


def _overview(contract: Contract) -> Iterator[Wrong]:
    for where, keys in _INFO:
        place = contract.root.at("info", *where)
        if not isinstance(place.value, dict):
            yield Wrong(place.pointer, f"There is no object {quoted('.'.join(place.path))}.")
            continue
        for key in keys:
            if not place.at(key).text and not (key == "url" and place.at("identifier").text):
                yield Wrong(place.at(key).pointer, f"{quoted('.'.join(place.path))} has no {quoted(key)}.")


def _languages(contract: Contract) -> Iterator[Wrong]:
    place = contract.root.at("info", "description")
    words = set(_WORD.findall(place.text.lower()))
    for language, known in _WORDS.items():
        if len(words & known) < _ENOUGH:
            yield Wrong(place.pointer, f"`info.description` does not read as {language}.")


def _service_level(contract: Contract) -> Iterator[Wrong]:
    info, documents = contract.root.at("info"), contract.root.at("externalDocs")
    level = info.at("x-sla")
    told = all(level.at(key).value for key in _LEVEL)
    linked = _SLA.search(documents.at("description").text) and documents.at("url").text
    if not (told or linked or info.at("termsOfService").text):
        yield Wrong(level.pointer, "Nothing is told about how well it is kept running.")


def _limitations(contract: Contract) -> Iterator[Wrong]:
    info = contract.root.at("info")
    texts = (info.at("description").text, contract.root.at("externalDocs", "description").text)
    if not info.at("x-limitations").value and not any(_LIMITS.search(text) for text in texts):
        yield Wrong(info.at("x-limitations").pointer, "Nothing is told about limits.")


def _purpose(contract: Contract) -> Iterator[Wrong]:
    place = contract.root.at("info", "description")
    if not place.text:
        yield Wrong(place.pointer, "`info.description` is missing or blank.")


def _examples(contract: Contract) -> Iterator[Wrong]:
    known: dict[tuple[str, ...], bool] = {}  # many media types refer to one schema
    for name, place in [*contract.body_media, *contract.answer_media]:
        own = place.at("schema")
        if media_type(name) != "application/json" or _is_given(place) or _is_given(own):
            continue
        schema = own.followed()
        if schema and schema.path not in known:
            known[schema.path] = _has_example(schema)
        if not (known[schema.path] if schema else own.value):
            yield Wrong(place.pointer, f"{quoted(name)} has no example.")


def _has_example(schema: Place) -> bool:
    whole = shape(schema)
    if any(_is_given(each) for each in whole.parts):
        return True
    properties = [place for _, place in whole.properties()]
    return bool(properties) and all(any(_is_given(part) for part in shape(each).parts) for each in properties)


def _is_given(place: Place) -> bool:
    return isinstance(place.value, dict) and ("example" in place.value or bool(place.value.get("examples")))


def _version(contract: Contract) -> Iterator[Wrong]:
    place = contract.root.at("openapi")
    if not _LATEST.fullmatch(place.text):
        yield Wrong(place.pointer, "`openapi` does not name a version 3.")


def _operations(contract: Contract) -> Iterator[Wrong]:
    for each in contract.exchanges:
        place = each.place.at("description")
        if not place.text:
            yield Wrong(place.pointer, f"{each.method.upper()} has no description.")


def _answers(contract: Contract) -> Iterator[Wrong]:
    for each in contract.exchanges:
        place = each.place.at("responses")
        if not any(place.members()):
            yield Wrong(place.pointer, f"{each.method.upper()} tells no responses.")
    for answer in contract.answers:
        place = answer.place.at("description")
        if not place.text:
            yield Wrong(place.pointer, "The response has no description.")


RULES = (
    Rule("DOK.01", BOR, "Link in `externalDocs` to where the documentation is open to everybody.", _online),
    Rule(
        "DOK.03",
        SKALL,
        "Give in `info` the version, title, description, contact (name, url, email) and licence (name, url).",
        _overview,
    ),
    Rule("DOK.06", BOR, "Describe the API in Swedish and in English.", _languages),
    Rule(
        "DOK.08",
        SKALL,
        "Tell the level of service in `info.termsOfService`, in `info.x-sla` (availability, responseTime, support), or"
        " behind `externalDocs` whose description names the SLA.",
        _service_level,
    ),
    Rule(
        "DOK.09",
        SKALL,
        "Tell known limits and problems in `info.x-limitations` or in a description that says"
        " `limit`, `begränsning` or `problem`.",
        _limitations,
    ),
    Rule("DOK.11", SKALL, "Say in `info.description` what the API is for and how it behaves.", _purpose),
    Rule("DOK.15", SKALL, "Show a whole request and a whole response in `example` or `examples`.", _examples),
    Rule("DOK.17", BOR, "Describe the API with the latest OpenAPI, for example 3.1.0.", _version),
    Rule("DOK.19", SKALL, "Say in `description` what each operation does.", _operations),
    Rule("DOK.20", SKALL, "List each status that is to be expected, and say in `description` what it means.", _answers),
)
