"""Areas UFN, VER and RES of the national REST API profile: what the addresses of an API look like."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from registry.contracts.profile.contract import Contract
from registry.contracts.profile.place import Place
from registry.contracts.rule import BOR, SKALL, Rule, Wrong
from registry.domain.problem import quoted

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_PATTERN = re.compile(r"[a-z][a-z0-9+.-]*://[^/]+/[^/]+/v\d+/?", re.ASCII | re.IGNORECASE)
_MAJOR = re.compile(r"v\d+((alpha|beta)\d*)?", re.ASCII)
_STRANGE = re.compile(r"[^a-z0-9.~:/-]")
_BLANK = re.compile(r"[\s_]")
_SEPARATED = re.compile(r"[,._~]|^-|-$|--")
_SEGMENT = re.compile(r"[a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 2048  # characters
_PORT = 443


class Server(NamedTuple):
    """Where its address stands, and the address with the defaults of its variables."""

    place: Place
    url: str


def servers(contract: Contract) -> Iterator[Server]:
    """Servers with an address. Without a list there are none to be judged: the release tells where the API answers."""
    for each in contract.root.at("servers").items():
        place = each.at("url")
        if place.text:
            yield Server(place, _filled(place.text, each.at("variables")))


def is_https(url: str) -> bool:
    """Whether it is an absolute https address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.netloc)


def _filled(url: str, variables: Place) -> str:
    return _VARIABLE.sub(lambda found: variables.at(found[1], "default").text or found[0], url)


def _names(contract: Contract) -> Iterator[Wrong]:
    for place, url in servers(contract):
        if not _PATTERN.fullmatch(url):
            yield Wrong(place.pointer, f"{quoted(url)} is made in another way.")


def _secure(contract: Contract) -> Iterator[Wrong]:
    for place, url in servers(contract):
        if not is_https(url) or _port(url) != _PORT:
            yield Wrong(place.pointer, f"{quoted(url)} is not https on port 443.")


def _port(url: str) -> int:
    try:
        port = urlsplit(url).port
    except ValueError:
        return 0
    return _PORT if port is None else port


def _lengths(contract: Contract) -> Iterator[Wrong]:
    bases = list(servers(contract))
    for place, url in bases:
        if len(url) > _LONGEST:
            yield Wrong(place.pointer, f"The address has {len(url)} characters.")
    longest = max((len(url) for _, url in bases if len(url) <= _LONGEST), default=0)
    for place in contract.paths:
        if longest + len(place.path[-1]) > _LONGEST:
            yield Wrong(place.pointer, f"With its server the path has {longest + len(place.path[-1])} characters.")


def _characters(contract: Contract) -> Iterator[Wrong]:
    for place, literal in _literals(contract):
        if strange := sorted(set(_STRANGE.findall(literal)))[:1]:
            yield Wrong(place.pointer, f"{quoted(literal)} has {quoted(strange[0])}.")


def _words(contract: Contract) -> Iterator[Wrong]:
    for place in contract.paths:
        if wrong := [each for each in _segments(place) if _SEPARATED.search(each)][:1]:
            yield Wrong(place.pointer, f"{quoted(wrong[0])} divides words in another way.")


def _blanks(contract: Contract) -> Iterator[Wrong]:
    for place, literal in _literals(contract):
        if _BLANK.search(literal):
            yield Wrong(place.pointer, f"{quoted(literal)} has a space or an underscore.")
    for each in contract.parameters:
        name = each.at("name")
        if each.at("in").text == "path" and _BLANK.search(name.text):
            yield Wrong(name.pointer, f"The path parameter {quoted(name.text)} has a space or an underscore.")


def _resources(contract: Contract) -> Iterator[Wrong]:
    for place in contract.paths:
        if wrong := [each for each in _segments(place) if not _SEGMENT.fullmatch(each)][:1]:
            yield Wrong(place.pointer, f"The resource {quoted(wrong[0])} is named in another way.")


def _major(contract: Contract) -> Iterator[Wrong]:
    for place, url in servers(contract):
        if not any(_MAJOR.fullmatch(part) for part in url.split("/")[1:]):
            yield Wrong(place.pointer, f"{quoted(url)} names no version.")


def _about(contract: Contract) -> Iterator[Wrong]:
    place = contract.root.at("paths", "/api-info")
    if not isinstance(place.value, dict):
        yield Wrong(place.pointer, "There is no resource `/api-info`.")


def _literals(contract: Contract) -> Iterator[tuple[Place, str]]:
    for place, url in servers(contract):
        yield place, _VARIABLE.sub("", url)
    for place in contract.paths:
        yield place, _VARIABLE.sub("", place.path[-1])


def _segments(path: Place) -> list[str]:
    return [_VARIABLE.sub("", each) for each in path.path[-1].split("/") if not _VARIABLE.fullmatch(each)]


RULES = (
    Rule("RES.06", SKALL, "Name resources with a-z and 0-9, and `-` between words.", _resources),
    Rule("UFN.01", BOR, "Build addresses as protocol://domain/api/version: https://api.example/bygglov/v1.", _names),
    Rule("UFN.02", SKALL, "Offer the API over https on port 443 only.", _secure),
    Rule("UFN.05", BOR, "Keep addresses within 2,048 characters.", _lengths),
    Rule("UFN.07", SKALL, "Use a-z, 0-9, `-`, `.` and `~` in addresses.", _characters),
    Rule("UFN.08", SKALL, "Put one hyphen between words in an address, and nothing else.", _words),
    Rule("UFN.09", SKALL, "Use neither spaces nor underscores outside the query.", _blanks),
    Rule("VER.05", BOR, "Give the major version as a part of its own, for example `v1`.", _major),
    Rule("VER.06", SKALL, "Tell about the API at `api-info` under its root.", _about),
)
