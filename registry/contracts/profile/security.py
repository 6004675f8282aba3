"""Area SAK of the national REST API profile: how calls are protected and callers prove who they are."""

from collections.abc import Iterator

from registry.contracts.profile.addresses import is_https, servers
from registry.contracts.profile.contract import Contract
from registry.contracts.profile.place import Place
from registry.contracts.rule import BOR, SKALL, Rule, Wrong
from registry.domain.problem import quoted


def _transport(contract: Contract) -> Iterator[Wrong]:
    for place, url in servers(contract):
        if not is_https(url):
            yield Wrong(place.pointer, f"{quoted(url)} is not an absolute https address.")


def _passwords(contract: Contract) -> Iterator[Wrong]:
    for place in _of_type(contract, "http"):
        scheme = place.at("scheme")
        if scheme.text.lower() in {"basic", "digest"}:
            yield Wrong(scheme.pointer, f"Callers prove themselves with {quoted(scheme.text)}.")


def _bearer(contract: Contract) -> Iterator[Wrong]:
    for place in _of_type(contract, "http"):
        scheme = place.at("scheme")
        if scheme.text.lower() != "bearer":
            yield Wrong(scheme.pointer, "The Authorization header has another scheme than Bearer.")


def _keys_in_query(contract: Contract) -> Iterator[Wrong]:
    for place in _of_type(contract, "apiKey"):
        if place.at("in").text == "query":
            yield Wrong(place.at("in").pointer, "The API key stands in the query.")


def _keys_in_header(contract: Contract) -> Iterator[Wrong]:
    for place in _of_type(contract, "apiKey"):
        if place.at("in").text != "header":
            yield Wrong(place.at("in").pointer, "The API key does not stand in a header.")


def _oauth(contract: Contract) -> Iterator[Wrong]:
    schemes = contract.security_schemes
    if schemes and not any(_allows_oauth(each) for each in schemes):
        yield Wrong(contract.root.at("components", "securitySchemes").pointer, "No scheme allows OAuth.")
    for each in _of_type(contract, "oauth2"):
        for _, flow in each.at("flows").members():
            for key, place in flow.members():
                if key.endswith("Url") and not is_https(place.text):
                    yield Wrong(place.pointer, f"{quoted(key)} is not an absolute https address.")


def _allows_oauth(scheme: Place) -> bool:
    """Bearer tokens are how OAuth 2.0 is carried (RFC 6750); where they come from, a contract need not say."""
    bearer = scheme.at("scheme").text.lower() == "bearer"
    return scheme.at("type").text in {"oauth2", "openIdConnect"} or bearer


def _of_type(contract: Contract, name: str) -> Iterator[Place]:
    return (each for each in contract.security_schemes if each.at("type").text == name)


RULES = (
    Rule("SAK.01", SKALL, "Carry everything over https with TLS 1.2 or later.", _transport),
    Rule("SAK.09", SKALL, "Use neither Basic nor Digest.", _passwords),
    Rule("SAK.10", SKALL, "Let callers prove themselves with `Authorization: Bearer`.", _bearer),
    Rule("SAK.15", SKALL, "Keep API keys out of addresses: servers and browsers write them down.", _keys_in_query),
    Rule("SAK.16", SKALL, "Send API keys in a header.", _keys_in_header),
    Rule("SAK.18", BOR, "Use OAuth 2.0 or later, with all its addresses over https.", _oauth),
)
