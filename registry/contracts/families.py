"""Which kind of contract a media type and a content make, and who compares contracts of that kind."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from registry.api.v1.impact_pb2 import Impact
from registry.api.v1.verdict_pb2 import InterfaceVerdict, VerdictOutcome
from registry.contracts.documents import asyncapi, openapi
from registry.contracts.documents.nodes import Document, Undecidable, dangling
from registry.contracts.documents.report import Report
from registry.contracts.documents.rules import Flow
from registry.contracts.profile import profile
from registry.contracts.reading import Unreadable, load
from registry.errors import RegistryError

_PROTOBUF = "registry.contracts.protobuf"
_NAMED = {
    "application/vnd.oai.openapi": "openapi",
    "application/vnd.aai.asyncapi": "asyncapi",
    "application/schema": "schema",
    "application/x-protobuf": "protobuf",
    "application/protobuf": "protobuf",
    "application/vnd.google.protobuf": "protobuf",
}
_SNIFFED = frozenset({"application/json", "application/yaml", "application/x-yaml", "text/yaml"})
_TITLES = {"openapi": "OpenAPI", "asyncapi": "AsyncAPI", "schema": "JSON Schema", "protobuf": "protobuf"}
_VERSIONS = {"openapi": ("3.0", "3.1"), "asyncapi": ("2.", "3.")}  # that are compared
# Draft 2019-09 was the first in which keywords beside `$ref` count (Core 2019-09, 8.2.4.1).
_OLD_DRAFTS = ("draft-03", "draft-04", "draft-05", "draft-06", "draft-07")


class Unknown(Exception):
    """Nobody can say how two contracts differ; the text says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract that was read. `document` is None for those in protobuf, `version` '' for those that name none."""

    family: str
    document: Document | None = None
    version: str = ""


def compare(before_type: str, before: bytes, after_type: str, after: bytes) -> InterfaceVerdict:
    """The verdict; UNKNOWN, with the reason, for what cannot be read or compared."""
    try:
        mine, yours = _contract(before_type, before, "older"), _contract(after_type, after, "newer")
        if mine.family != yours.family:
            titles = [_TITLES[each.family] for each in (mine, yours)]
            return unknown(f"The older contract is {titles[0]} and the newer one is {titles[1]}.")
        if mine.document is None or yours.document is None:
            verdict: InterfaceVerdict = _protobuf().compare(before, after)
            return verdict
        return _COMPARED[mine.family](mine.document, yours.document).verdict()
    except (Unknown, Unreadable, Undecidable) as error:
        return unknown(str(error))
    except RegistryError as error:
        return unknown(error.message)


def unknown(reason: str) -> InterfaceVerdict:
    """The verdict that there is none."""
    return InterfaceVerdict(outcome=VerdictOutcome.VERDICT_OUTCOME_UNKNOWN, reason=reason)


def read(media_type: str, content: bytes) -> str:
    """What is wrong with a contract, in a sentence; empty when nothing is, or when nobody here knows its kind."""
    return _read(media_type, content)[0]


def examine(media_type: str, content: bytes) -> tuple[str, Impact]:
    """As `read`, and the rules that it does not keep: of OpenAPI those of the national profile, of others none."""
    problem, contract = _read(media_type, content)
    if problem or contract.document is None or contract.family != "openapi" or not _is_compared(contract):
        return problem, Impact()
    return "", Impact(lint=profile(contract.document.root))


def _read(media_type: str, content: bytes) -> tuple[str, Contract]:
    try:
        contract = _parsed(media_type, content)
        return _read_protobuf(content) if contract.family == "protobuf" else "", contract
    except Unreadable as error:
        return str(error), Contract("")


def _contract(media_type: str, content: bytes, which: str) -> Contract:
    """Errors: Unknown."""
    try:
        contract = _parsed(media_type, content)
    except Unreadable as error:
        raise Unknown(f"The {which} contract cannot be read. {error}") from None
    if not contract.family and _plain(media_type) in _SNIFFED:
        raise Unknown(f"The {which} contract has neither openapi, asyncapi nor $schema at its top.")
    if not contract.family:
        raise Unknown(f"The {which} contract is of a kind that is not compared.")
    if not _is_compared(contract):
        named = f"{_TITLES[contract.family]} {contract.version[:20]}"
        raise Unknown(f"The {which} contract is {named}, which is not compared.")
    return contract


def _parsed(media_type: str, content: bytes) -> Contract:
    """Its family is '' when nobody knows its kind. Errors: Unreadable; those in protobuf are not looked into."""
    plain = _plain(media_type)
    named = _NAMED.get(_stem(plain), "")
    if named == "protobuf" or not (named or plain in _SNIFFED):
        return Contract(named)
    value = load(plain, content)
    family = named or _sniffed(value)
    if not family:
        return Contract("")
    if problem := _ill_formed(family, value):
        raise Unreadable(problem)
    version = str(value.get(family) or value.get("swagger")) if family in _VERSIONS else ""
    document = _document(family, value, version)
    if problem := dangling(document):
        raise Unreadable(problem)
    return Contract(family, document, version)


def _plain(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _stem(media_type: str) -> str:
    return media_type.removesuffix("+json").removesuffix("+yaml")


def _sniffed(value: Any) -> str:
    words = {"openapi": "openapi", "swagger": "openapi", "asyncapi": "asyncapi", "$schema": "schema"}
    return next((family for word, family in words.items() if isinstance(value, dict) and word in value), "")


def _ill_formed(family: str, value: Any) -> str:
    if family == "schema":
        return _said(isinstance(value, dict | bool), "A JSON Schema is an object, true or false.")
    word = "swagger" if family == "openapi" and isinstance(value, dict) and "swagger" in value else family
    if not (isinstance(value, dict) and isinstance(value.get(word), str | float)):
        return f"{_TITLES[family]} has its version under {word} at the top."
    for name in ("info", "paths", "channels", "components", "operations", "webhooks"):
        if not isinstance(value.get(name, {}), dict):
            return f"{name} must be an object."
    return _said("info" in value, "info is missing.")


def _said(right: bool, what: str) -> str:
    return "" if right else what


def _document(family: str, value: Any, version: str) -> Document:
    if family == "schema":
        draft = str(value.get("$schema", "")) if isinstance(value, dict) else ""
        return Document(value, siblings=not any(old in draft for old in _OLD_DRAFTS))
    old = family == "openapi" and version.startswith("3.0")
    return Document(value, siblings=family == "openapi" and not old, nullable=old)


def _is_compared(contract: Contract) -> bool:
    return contract.version.startswith(_VERSIONS.get(contract.family, ""))


def _schemas(before: Document, after: Document) -> Report:
    """A schema alone says nothing of who writes: both who writes and who reads must be served."""
    report = Report()
    for flow in Flow:
        report.schemas(flow, (before.node(),), (after.node(),), "")
    return report


def _read_protobuf(content: bytes) -> str:
    try:
        return str(_protobuf().read(content))
    except Unknown:
        return ""


def _protobuf() -> Any:
    """Errors: Unknown."""
    try:
        return importlib.import_module(_PROTOBUF)
    except ModuleNotFoundError:
        raise Unknown("Contracts in protobuf are not compared here.") from None


_COMPARED: dict[str, Callable[[Document, Document], Report]] = {
    "openapi": openapi.compare,
    "asyncapi": asyncapi.compare,
    "schema": _schemas,
}
