"""Rules of releases: semantic versions, interfaces, immutability, and the way from DRAFT to RETIRED."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from google.protobuf.timestamp_pb2 import Timestamp

from registry.api.v1.environment_pb2 import Environment
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Interface, Release, ReleaseState, Signature
from registry.api.v1.verdict_pb2 import VersionStep
from registry.domain import limits, text
from registry.domain.names import SEGMENT, parent
from registry.domain.rules import Reference, Rules
from registry.domain.violations import Violations
from registry.errors import Precondition

DRAFT, TEST = ReleaseState.RELEASE_STATE_DRAFT, ReleaseState.RELEASE_STATE_TEST
PUBLISHED, DEPRECATED = ReleaseState.RELEASE_STATE_PUBLISHED, ReleaseState.RELEASE_STATE_DEPRECATED
RETIRED = ReleaseState.RELEASE_STATE_RETIRED
CONTENT = ("version", "interfaces")
REASON = (10, 1000)  # characters
LINT = 200
CLOCKS = timedelta(minutes=1)  # how much the caller's clock and ours may differ
_NUMBER = r"(?:0|[1-9]\d*)"
_PART = rf"(?:{_NUMBER}|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
SEMVER = re.compile(
    rf"{_NUMBER}(\.{_NUMBER}){{2}}(-{_PART}(\.{_PART})*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?", re.ASCII
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEY_ID = re.compile(r"[!-*,-~]{1,200}\+[0-9a-f]{8}", re.ASCII)
_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{86}==", re.ASCII)
INTERFACE_ID = re.compile(SEGMENT)
# Where callers may put a release by publishing it; the other transitions have their own commands.
_PUBLISH = {DRAFT: {DRAFT, TEST, PUBLISHED}, TEST: {TEST, PUBLISHED}, PUBLISHED: {PUBLISHED}}


def _complete(message: Release) -> None:
    message.state = message.state or PUBLISHED


def _check(message: Release, found: Violations) -> None:
    if not SEMVER.fullmatch(message.version):
        found.add("version", "must be a semantic version, for example 2.1.0")
    if message.state not in {DRAFT, TEST, PUBLISHED, DEPRECATED, RETIRED}:
        text.enum(message, "state", found, required=True)
    limits.at_most("interfaces", len(message.interfaces), limits.RELEASE_INTERFACES)
    if not message.interfaces and message.state != DRAFT:
        found.add("interfaces", "must hold at least one once the release leaves DRAFT")
    ids = [interface.id for interface in message.interfaces]
    if len(set(ids)) != len(ids):
        found.add("interfaces", "has two of the same id; give each its own")
    for number, interface in enumerate(message.interfaces):
        _interface(interface, f"interfaces[{number}]", found)
    if message.breaking_reason and not REASON[0] <= len(message.breaking_reason.strip()) <= REASON[1]:
        found.add(
            "breaking_reason", f"must have {REASON[0]} to {REASON[1]} characters: say why it cannot be a new version"
        )
    text.no_person(message.breaking_reason, "breaking_reason", found)
    limits.at_most("signatures", len(message.signatures), limits.RELEASE_SIGNATURES)
    for number, signature in enumerate(message.signatures):
        _signature(signature, f"signatures[{number}]", found)


def _signature(signature: Signature, at: str, found: Violations) -> None:
    """Its form only: whether it is right, those decide who take the release."""
    if not _KEY_ID.fullmatch(signature.key_id):
        found.add(f"{at}.key_id", "must be name+hash, the first two parts of the public key")
    if not _SIGNATURE.fullmatch(signature.signature):
        found.add(f"{at}.signature", "must be 64 bytes in base64")


def _interface(interface: Interface, at: str, found: Violations) -> None:
    if not INTERFACE_ID.fullmatch(interface.id):
        found.add(f"{at}.id", "must be lower-case letters, digits and hyphens, at most 63")
    if not interface.kind:
        found.add(f"{at}.kind", "is required: GRPC, REST, EVENT, FILE or WEB")
    environments = [endpoint.environment for endpoint in interface.endpoints]
    if len(set(environments)) != len(environments):
        found.add(f"{at}.endpoints", "has two of the same environment; keep one")
    for number, endpoint in enumerate(interface.endpoints):
        if endpoint.environment not in Environment.values() or not endpoint.environment:
            found.add(f"{at}.endpoints[{number}].environment", "is required: SANDBOX, TEST or PRODUCTION")
        if not is_endpoint(endpoint.url):
            what = "must be an absolute http, https, grpc or grpcs URL with a host, without user part and fragment"
            found.add(f"{at}.endpoints[{number}].url", what)
    if interface.HasField("spec") and not _SHA256.fullmatch(interface.spec.sha256):
        found.add(f"{at}.spec.sha256", "must be 64 lower-case hexadecimal digits")


def is_endpoint(url: str) -> bool:
    """Whether the URL is one that a gateway can route to."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    named = bool(parts.hostname) and "@" not in parts.netloc and not parts.fragment and port != 0
    return named and parts.scheme in {"http", "https", "grpc", "grpcs"} and not re.search(r"[\s\x00-\x1f\\]", url)


def serves(state: int, environment: int) -> bool:
    """Whether a release in the state is there to be used in the environment."""
    tests = environment in {Environment.ENVIRONMENT_SANDBOX, Environment.ENVIRONMENT_TEST}
    return state in {PUBLISHED, DEPRECATED} or (state == TEST and tests)


def check_transition(after: Release, before: Release | None) -> None:
    """Refuse what publishing may not do. Errors: STATE_TRANSITION_ILLEGAL, RELEASE_IMMUTABLE."""
    was = before.state if before else DRAFT
    if after.state not in _PUBLISH.get(was, {was}):
        _illegal(after.name, was, after.state)
    if before is None or was == DRAFT:
        return
    fixed = CONTENT if was == TEST else (*CONTENT, "breaking_reason")
    changed = [field for field in fixed if getattr(before, field) != getattr(after, field)]
    if changed:
        names = ", ".join(changed)
        raise Precondition(
            "RELEASE_IMMUTABLE",
            f"{after.name} has left DRAFT and its {names} cannot change: publish a new version.",
            name=after.name,
            field=names,
        )


def is_step_enough(message: Release, takes: "VersionStep.ValueType") -> bool:
    """Whether its version says as much as its contracts demand, or it says why not. Without a step there is no base."""
    demands = max((each.demands for each in message.verdicts), default=0)
    return not takes or demands < VersionStep.VERSION_STEP_MAJOR or demands <= takes or bool(message.breaking_reason)


def check_step(message: Release, base: Release, takes: "VersionStep.ValueType") -> None:
    """Refuse a version that hides a break. Errors: VERSION_TOO_SMALL with each break."""
    if is_step_enough(message, takes):
        return
    breaks = [
        (f"interfaces[{each.interface}] {finding.path}".rstrip(), f"{finding.rule}: {finding.text}")
        for each in message.verdicts
        for finding in each.findings
        if finding.breaking
    ]
    words: dict[str, Any] = {"name": message.name, "base": base.name, "demands": "MAJOR"}
    words["takes"] = VersionStep.Name(takes).removeprefix("VERSION_STEP_")
    text_ = (
        f"{message.name} breaks {len(breaks)} things of {base.name}, and its version is a {words['takes']} step:"
        " give it a MAJOR one (demands MAJOR), or say why not in breaking_reason."
    )
    raise Precondition("VERSION_TOO_SMALL", text_, violations=breaks, breaks=len(breaks), **words)


def deprecate(message: Release, offering: Offering, sunset: Timestamp | None, now: datetime) -> bool:
    """Announce its end, without a time at the earliest that the notice allows; False when that is said already.

    Errors: STATE_TRANSITION_ILLEGAL, NOTICE_TOO_SHORT with the earliest time.
    """
    if message.state not in {PUBLISHED, DEPRECATED}:
        _illegal(message.name, message.state, DEPRECATED)
    if sunset is None and message.state == DEPRECATED:
        return False
    earliest = now + timedelta(days=offering.terms.notice_days)
    if sunset is None:
        sunset = Timestamp()
        sunset.FromDatetime(earliest)
    elif sunset.ToMicroseconds() < round((earliest - CLOCKS).timestamp() * 1_000_000):
        text_ = (
            f"The sunset of {message.name} is nearer than the notice of {offering.terms.notice_days} days:"
            f" {earliest.isoformat()} is the earliest."
        )
        names: dict[str, Any] = {"name": message.name, "earliest_time": earliest.isoformat()}
        raise Precondition("NOTICE_TOO_SHORT", text_, notice_days=offering.terms.notice_days, **names)
    changed = message.state != DEPRECATED or message.sunset_time != sunset
    message.state = DEPRECATED
    message.sunset_time.CopyFrom(sunset)
    return changed


def retire(message: Release, now: datetime) -> None:
    """Take it away. Errors: STATE_TRANSITION_ILLEGAL; NOTICE_TOO_SHORT before its sunset."""
    if message.state in {PUBLISHED, RETIRED}:
        _illegal(message.name, message.state, RETIRED)
    sunset = message.sunset_time.ToMicroseconds()
    if message.state == DEPRECATED and sunset > round(now.timestamp() * 1_000_000):
        earliest = message.sunset_time.ToJsonString()
        text_ = f"{message.name} answers until {earliest}: retire it then."
        raise Precondition("NOTICE_TOO_SHORT", text_, name=message.name, earliest_time=earliest)
    message.state = RETIRED


def _illegal(name: str, was: "ReleaseState.ValueType", wanted: "ReleaseState.ValueType") -> None:
    here, there = ReleaseState.Name(was), ReleaseState.Name(wanted)
    text_ = f"{name} cannot go from {here} to {there}: the way is DRAFT, TEST, PUBLISHED, DEPRECATED, RETIRED."
    state: dict[str, Any] = {"from": here, "to": there}
    raise Precondition("STATE_TRANSITION_ILLEGAL", text_, name=name, **state)


RULES = Rules(
    noun="release",
    kind=Release,
    settable=("version", "state", "interfaces", "notes", "labels", "annotations", "breaking_reason", "signatures"),
    immutable=("version",),
    complete=_complete,
    check=_check,
    references=lambda message: [Reference("parent", "offering", parent(message.name))],
)
