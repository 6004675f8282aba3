"""publiccode.yml follows publiccode.yml 0.7, as far as this project uses it."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tests.checks.problem import ROOT, Problem

NAME = "publiccode.yml"
STATUSES = ("concept", "development", "beta", "stable", "obsolete")
STANDALONE = ("mobile", "iot", "desktop", "web", "backend", "other")
TYPES = (*(f"standalone/{form}" for form in STANDALONE), "addon", "library", "configurationFiles")
MAINTENANCE = ("internal", "contract", "community", "none")
DEPRECATED = ("legal.repoOwner", "legal.authorsFile", "monochromeLogo", "inputTypes", "outputTypes")
SHORT, LONG = 150, range(150, 10_001)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SPDX = re.compile(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*")


def problems(root: Path = ROOT) -> Iterator[Problem]:
    """Keys that are missing, that are not allowed, or that have a wrong value."""
    path = root / NAME
    if not path.is_file():
        yield Problem(NAME, 1, "is missing: describe the project as publiccode.yml 0.7 asks")
        return
    text = path.read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    lines = dict(_lines(yaml.compose(text)))
    for key, what in _check(document if isinstance(document, dict) else {}):
        place = key
        while place and place not in lines:
            place = place.rpartition(".")[0]
        yield Problem(NAME, lines.get(place, 1), f"{key} {what}")


def _lines(node: Any, above: str = "") -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            path = f"{above}.{key.value}" if above else str(key.value)
            yield path, key.start_mark.line + 1
            yield from _lines(value, path)


def _check(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("name", "url", "platforms", "developmentStatus", "softwareType", "legal.license", "maintenance.type"):
        if not _at(document, key):
            yield key, "is mandatory"
    if document.get("publiccodeYmlVersion") not in {"0.7", "0.7.0"}:
        yield "publiccodeYmlVersion", 'must be the text "0.7"'
    if not re.fullmatch(r"https?://[^\s/]+\S*", str(document.get("url", ""))):
        yield "url", "must be the http(s) URL of the repository"
    yield from _one_of(document, "developmentStatus", STATUSES)
    yield from _one_of(document, "softwareType", TYPES)
    if not _SPDX.fullmatch(str(_at(document, "legal.license") or "")):
        yield "legal.license", "must be an SPDX expression, for example EUPL-1.2"
    yield from ((key, "is deprecated: remove it") for key in DEPRECATED if _at(document, key) is not None)
    yield from _description(document.get("description") or {})
    yield from _maintenance(document.get("maintenance") or {})
    yield from _localisation(document.get("localisation") or {})
    yield from _rest(document)


def _description(description: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not description:
        yield "description", "must have at least one language"
    for language, texts in description.items():
        above = f"description.{language}"
        if not _LANGUAGE.fullmatch(str(language)):
            yield above, "must be a BCP 47 language, for example sv"
        if "genericName" in texts:
            yield f"{above}.genericName", "is deprecated: remove it"
        if not 0 < len(texts.get("shortDescription", "").strip()) <= SHORT:
            yield f"{above}.shortDescription", f"must have 1 to {SHORT} characters"
        if len(texts.get("longDescription", "").strip()) not in LONG:
            yield f"{above}.longDescription", "must have 150 to 10000 characters"
        if not isinstance(texts.get("features"), list):
            yield f"{above}.features", "must be a list"


def _maintenance(maintenance: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    form = maintenance.get("type")
    yield from _one_of({"maintenance": maintenance}, "maintenance.type", MAINTENANCE)
    contractors = maintenance.get("contractors")
    if (form == "contract") != bool(contractors):
        yield "maintenance.contractors", "must be there for type contract, and for no other"
    for contractor in contractors or []:
        if not contractor.get("name") or not isinstance(contractor.get("until"), date):
            yield "maintenance.contractors", "must have name and until (YYYY-MM-DD)"
    contacts = maintenance.get("contacts") or []
    if form in {"internal", "community"} and not (contacts and all(contact.get("name") for contact in contacts)):
        yield "maintenance.contacts", "must have a name each, for types internal and community"


def _localisation(localisation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not isinstance(localisation.get("localisationReady"), bool):
        yield "localisation.localisationReady", "must be true or false"
    languages = localisation.get("availableLanguages")
    if not languages or not all(_LANGUAGE.fullmatch(str(each)) for each in languages):
        yield "localisation.availableLanguages", "must list BCP 47 languages, for example sv"


def _rest(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("intendedAudience.countries", "intendedAudience.unsupportedCountries"):
        if not all(re.fullmatch(r"[A-Z]{2}", str(country)) for country in _at(document, key) or []):
            yield key, "must hold upper-case ISO 3166-1 codes, for example SE"
    if "organisation" in document and not _at(document, "organisation.uri"):
        yield "organisation.uri", "is mandatory in the section"
    if "releaseDate" in document and not isinstance(document["releaseDate"], date):
        yield "releaseDate", "must be YYYY-MM-DD"
    for group, dependencies in (document.get("dependsOn") or {}).items():
        if not all(dependency.get("name") for dependency in dependencies):
            yield f"dependsOn.{group}", "must have a name each"


def _one_of(document: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if (value := _at(document, key)) is not None and value not in allowed:
        yield key, f"must be one of {', '.join(allowed)}, not {value!r}"


def _at(document: Any, path: str) -> Any:
    for key in path.split("."):
        document = document.get(key) if isinstance(document, Mapping) else None
    return document
