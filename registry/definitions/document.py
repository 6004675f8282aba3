"""One document of a definition file: apiVersion, kind, metadata, spec."""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from registry.api.v1.resource_pb2 import Resource
from registry.contracts.compose import place
from registry.definitions.fields import ContractFiles, Fields
from registry.domain import document, names
from registry.domain.nouns import APPLIED, NOUNS
from registry.domain.problem import Place, Problem, nearest, quoted
from registry.errors import RegistryError

API_VERSION = "gemensam/v1"
KINDS = {noun.capitalize(): noun for noun in APPLIED}
METADATA = ("name", "labels", "annotations")
_BY_COMMANDS = ("Subscription",)
_SET_BY_REGISTRY = "is set by the registry; leave it out."


@dataclass(frozen=True, slots=True)
class Definition:
    """A resource as somebody wrote it down, with the places of its fields."""

    resource: Resource
    noun: str
    name: str
    at: Place
    places: dict[str, Place] = field(default_factory=dict)

    def place(self, path: str) -> Place:
        """Where a field is written, or what is written nearest to it."""
        return _nearest_place(self.places, path) or self.at


def read(root: yaml.Node, contracts: ContractFiles, problems: list[Problem]) -> Definition | None:
    """The definition, or None when its kind or name cannot be told."""
    fields = Fields(contracts, problems)
    top = fields.entries(root, "", "a document")
    fields.known(top, ("apiVersion", "kind", "metadata", "spec"), "a document")
    _api_version(fields, root, top)
    noun, name = _noun(fields, root, top), ""
    resource = Resource()
    message: Any = getattr(resource, noun or APPLIED[0])
    if "metadata" in top:
        name = _metadata(fields, top["metadata"][1], message, noun)
    else:
        fields.note(root, "name", "A document needs metadata with the resource's name.")
    if not noun:
        return None
    message.SetInParent()
    if "spec" in top:
        settable = [each for each in NOUNS[noun].settable if each not in METADATA]
        fields.message(top["spec"][1], message, "", settable, _why(noun))
    if name and not _marked(fields, "name"):
        _check(fields, root, noun, message)
    return Definition(resource, noun, name, place(root), fields.places) if name else None


def _api_version(fields: Fields, root: yaml.Node, top: Any) -> None:
    if "apiVersion" not in top:
        fields.note(root, "apiVersion", f"A document needs apiVersion: {API_VERSION}.")
        return
    _, node = top["apiVersion"]
    if (text := fields.text(node, "apiVersion")) != API_VERSION and not _marked(fields, "apiVersion"):
        fields.note(node, "apiVersion", f"apiVersion must be {API_VERSION}, and not {quoted(text)}.")


def _noun(fields: Fields, root: yaml.Node, top: Any) -> str:
    known = ", ".join(KINDS)
    if "kind" not in top:
        fields.note(root, "kind of document", f"A document needs a kind: one of {known}.")
        return ""
    _, node = top["kind"]
    text = fields.text(node, "kind of document")
    if text in KINDS or _marked(fields, "kind of document"):
        return KINDS.get(text, "")
    wrong = f"kind must be one of {known}, and not {quoted(text)}."
    if text in _BY_COMMANDS:
        wrong = f"A resource of kind {text} is not applied: it is made by a command. Files hold {known}."
    fields.note(node, "kind of document", wrong, "" if text in _BY_COMMANDS else nearest(text, KINDS))
    return ""


def _metadata(fields: Fields, node: yaml.Node, message: Any, noun: str) -> str:
    why = {each: f"{each} {_SET_BY_REGISTRY}" for each in ("uid", "etag", "revision", "create_time", "update_time")}
    entries = fields.known(fields.entries(node, "metadata", "metadata"), METADATA, "metadata", why)
    for each in ("labels", "annotations"):
        if each in entries:
            fields.places[each] = place(entries[each][1])
            fields.texts(entries[each][1], each, getattr(message, each))
    if "name" not in entries:
        fields.note(node, "name", "metadata needs the resource's full name.")
        return ""
    _, written = entries["name"]
    message.name = fields.text(written, "name")
    try:
        return names.check(message.name, noun) if noun else ""
    except RegistryError as error:
        fields.note(written, "name", error.message)
        return ""


def _why(noun: str) -> dict[str, str]:
    """What is a field of the resource, and yet not of its spec."""
    rules = NOUNS[noun]
    fields = [each.name for each in rules.kind.DESCRIPTOR.fields]
    why = {each: f"{each} {_SET_BY_REGISTRY}" for each in fields if each not in rules.settable}
    return why | {each: f"{each} belongs in metadata, not in spec." for each in METADATA}


def _check(fields: Fields, root: yaml.Node, noun: str, message: Any) -> None:
    """The noun's own rules, so that everything is known before anything is sent."""
    whole = NOUNS[noun].kind()
    whole.CopyFrom(message)  # the check fills defaults in, and they are the registry's to choose
    try:
        document.check(NOUNS[noun], whole)
    except RegistryError as error:
        for path, what in error.violations or [("", error.message)]:
            if not _marked(fields, path):
                at = _nearest_place(fields.places, path) or place(root)
                fields.problems.append(Problem(at, f"{path}: {what}.".removeprefix(": ").replace("..", ".")))


def _marked(fields: Fields, path: str) -> bool:
    """Whether something is known to be wrong with the field, what holds it or what it holds."""
    parts = [_steps(each) for each in fields.faulty]
    own = _steps(path)
    return any(own[: len(each)] == each or each[: len(own)] == own for each in parts if each and own)


def _nearest_place(places: dict[str, Place], path: str) -> Place | None:
    while path:
        if path in places:
            return places[path]
        path = re.sub(r"(^|\.)[^.\[]*$|\[\d+\]$", "", path)
    return None


def _steps(path: str) -> list[str]:
    return [part for part in re.split(r"[.\[\]]", path) if part]
