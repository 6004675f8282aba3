"""The registry's own guidelines: what a definition should tell so that a stranger can decide about it and rely on it.

What a definition must have to be accepted at all is said in `registry.domain`; it is not repeated here.
"""

import re
from collections.abc import Iterator

from registry.api.v1.environment_pb2 import Environment
from registry.api.v1.localized_text_pb2 import LocalizedText
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Endpoint, InterfaceKind, Release, ReleaseState
from registry.api.v1.verdict_pb2 import LintFinding
from registry.contracts.rule import BOR, SKALL, Rule, Wrong, findings
from registry.domain.problem import quoted

PRODUCTION = Environment.ENVIRONMENT_PRODUCTION
NOTICE_DAYS = 30
_SPOKEN = {InterfaceKind.INTERFACE_KIND_GRPC, InterfaceKind.INTERFACE_KIND_REST, InterfaceKind.INTERFACE_KIND_EVENT}
_STABLE = re.compile(r"[1-9]\d*\.\d+\.\d+(\+.*)?", re.ASCII)
_LASTING = {ReleaseState.RELEASE_STATE_PUBLISHED, ReleaseState.RELEASE_STATE_DEPRECATED}


def offering(message: Offering) -> list[LintFinding]:
    """What an offering does not keep; the path is a field, for example `terms.notice_days`."""
    return findings(OFFERING, message)


def release(message: Release) -> list[LintFinding]:
    """What a release does not keep; the path is a field, for example `interfaces[0].spec`."""
    return findings(RELEASE, message)


def _swedish(message: Offering) -> Iterator[Wrong]:
    yield from _missing(message.title, "title", "sv")
    yield from _missing(message.description, "description", "sv")


def _english(message: Offering) -> Iterator[Wrong]:
    yield from _missing(message.title, "title", "en")
    yield from _missing(message.description, "description", "en")


def _missing(text: LocalizedText, field: str, language: str) -> Iterator[Wrong]:
    if not getattr(text, language).strip():
        yield Wrong(f"{field}.{language}", f"`{field}.{language}` is empty.")


def _contact(message: Offering) -> Iterator[Wrong]:
    if not message.contact.strip():
        yield Wrong("contact", "No contact is given.")


def _legal_basis(message: Offering) -> Iterator[Wrong]:
    if message.information_class and not message.legal_basis.strip():
        yield Wrong("legal_basis", "The information has a class, and no law or decision is named.")


def _information_class(message: Offering) -> Iterator[Wrong]:
    if not message.information_class:
        yield Wrong("information_class", "How secret its information is, is not told.")


def _capabilities(message: Offering) -> Iterator[Wrong]:
    if not message.capabilities:
        yield Wrong("capabilities", "No capability is named.")


def _notice(message: Offering) -> Iterator[Wrong]:
    days = message.terms.notice_days
    if days < NOTICE_DAYS:
        yield Wrong("terms.notice_days", f"The notice is {days} days.")


def _service_level(message: Offering) -> Iterator[Wrong]:
    yield from _missing(message.service_level, "service_level", "sv")


def _cost(message: Offering) -> Iterator[Wrong]:
    if not message.terms.cost_model.strip():
        yield Wrong("terms.cost_model", "What it costs is not told.")


def _encrypted(message: Release) -> Iterator[Wrong]:
    for at, endpoint in _endpoints(message):
        scheme = endpoint.url.partition(":")[0].lower()
        if endpoint.environment == PRODUCTION and scheme not in {"https", "grpcs"}:
            yield Wrong(f"{at}.url", f"Production answers over {quoted(scheme)}.")


def _contracts(message: Release) -> Iterator[Wrong]:
    for number, interface in enumerate(message.interfaces):
        if interface.kind in _SPOKEN and not interface.spec.sha256:
            yield Wrong(f"interfaces[{number}].spec", f"The interface {quoted(interface.id)} has no contract.")


def _trials(message: Release) -> Iterator[Wrong]:
    for number, interface in enumerate(message.interfaces):
        if {each.environment for each in interface.endpoints} == {PRODUCTION}:
            text = f"The interface {quoted(interface.id)} answers in production only."
            yield Wrong(f"interfaces[{number}].endpoints", text)


def _apart(message: Release) -> Iterator[Wrong]:
    real = {endpoint.url.rstrip("/") for _, endpoint in _endpoints(message) if endpoint.environment == PRODUCTION}
    for at, endpoint in _endpoints(message):
        if endpoint.environment != PRODUCTION and endpoint.url.rstrip("/") in real:
            yield Wrong(f"{at}.url", "A trial has the address of production.")


def _notes(message: Release) -> Iterator[Wrong]:
    yield from _missing(message.notes, "notes", "sv")


def _stable(message: Release) -> Iterator[Wrong]:
    if message.state in _LASTING and not _STABLE.fullmatch(message.version):
        yield Wrong("version", f"{quoted(message.version)} promises nothing, and the release is for everybody.")


def _endpoints(message: Release) -> Iterator[tuple[str, Endpoint]]:
    for number, interface in enumerate(message.interfaces):
        for turn, endpoint in enumerate(interface.endpoints):
            yield f"interfaces[{number}].endpoints[{turn}]", endpoint


# Why each binds as it does stands in docs/guidelines.md.
OFFERING: tuple[Rule[Offering], ...] = (
    Rule("GEM.01", SKALL, "Give the title and the description in Swedish.", _swedish),
    Rule("GEM.02", BOR, "Give the title and the description in English too.", _english),
    Rule("GEM.03", SKALL, "Name the function that answers, as an e-mail address or a URL; never a person.", _contact),
    Rule("GEM.04", SKALL, "Name the law or decision that the service rests on.", _legal_basis),
    Rule("GEM.05", BOR, "Set the information class.", _information_class),
    Rule("GEM.06", SKALL, "Name at least one capability that the service realises.", _capabilities),
    Rule("GEM.07", BOR, f"Give at least {NOTICE_DAYS} days of notice.", _notice),
    Rule("GEM.08", BOR, "Say what level of service is promised.", _service_level),
    Rule("GEM.09", BOR, "Say what it costs, also when that is nothing.", _cost),
)
RELEASE: tuple[Rule[Release], ...] = (
    Rule("GEM.10", SKALL, "Use https or grpcs in production.", _encrypted),
    Rule("GEM.11", SKALL, "Give each gRPC, REST and event interface its contract.", _contracts),
    Rule("GEM.12", BOR, "Offer a sandbox or a test environment beside production.", _trials),
    Rule("GEM.13", SKALL, "Give sandbox and test an address of their own.", _apart),
    Rule("GEM.14", BOR, "Say in Swedish what is new.", _notes),
    Rule("GEM.15", BOR, "Publish as 1.0.0 or later, without a suffix such as `-beta`.", _stable),
)
