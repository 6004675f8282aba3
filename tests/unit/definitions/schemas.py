"""Definition files as schemas see them: as the texts that are written, and as editors read them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from registry.contracts.compose import documents, is_null
from registry.definitions.document import KINDS
from tests.checks.problem import ROOT

SCHEMAS = {
    path.name.split(".")[0]: json.loads(path.read_text())
    for path in (ROOT / "registry/definitions/schemas").glob("*.json")
}
VALIDATORS = {name: Draft202012Validator(each) for name, each in SCHEMAS.items()}


class Editor(yaml.SafeLoader):
    """YAML as editors read it: numbers and booleans, and no days."""


Editor.yaml_implicit_resolvers = {
    first: [each for each in known if not each[0].endswith("timestamp")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each) for each in node.value]
    return None if is_null(node) else node.value


def written(text: str) -> Iterator[Any]:
    """Every document with all scalars as the texts that they are."""
    return (_plain(root) for root in documents("a.yaml", text, []))


def edited(text: str) -> Iterator[Any]:
    """Every document as editors read it."""
    return (each for each in yaml.load_all(text, Loader=Editor) if each is not None)


def wrong(document: Any) -> list[str]:
    """What the schema of its kind says, and whether that of all kinds says anything too."""
    kind = document.get("kind") if isinstance(document, dict) else None
    found = [each.message for each in VALIDATORS["definition"].iter_errors(document)]
    if kind in KINDS:
        own = [each.message for each in VALIDATORS[KINDS[kind]].iter_errors(document)]
        assert bool(own) == bool(found), (own, found)
        return own
    return found


def of_files(folder: Path) -> Iterator[str]:
    """The texts of all definition files below a folder."""
    return (path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.y*ml")))
