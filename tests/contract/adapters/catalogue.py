"""Backstage's own word on what an entity is: the JSON schemas that it publishes, kept in `backstage/`."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

_FOLDER = Path(__file__).with_name("backstage")
_SCHEMAS = [json.loads(path.read_text()) for path in sorted(_FOLDER.glob("*.schema.json"))]
_REGISTRY: Registry[Any] = Registry().with_resources(
    [(each["$id"], Resource.from_contents(each, default_specification=DRAFT7)) for each in _SCHEMAS]
)
_VALIDATORS = {
    kind: Draft7Validator(next(each for each in _SCHEMAS if each["$id"] == name), registry=_REGISTRY)
    for kind, name in {"Component": "ComponentV1alpha1", "API": "ApiV1alpha1"}.items()
}


def problems(entity: Any) -> list[str]:
    """What is wrong with an entity of one of our kinds; empty when nothing is."""
    return [each.message for each in _VALIDATORS[entity["kind"]].iter_errors(entity)]
