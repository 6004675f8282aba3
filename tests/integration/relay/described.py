"""Compares events with docs/events/asyncapi.yaml: the few words of JSON Schema that it uses, read from the file itself."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.components.topics import Event

FILE = Path(__file__).parents[3] / "docs" / "events" / "asyncapi.yaml"
_TYPES = {"object": dict, "array": list, "string": str, "null": type(None)}
_WORDS = {
    "$ref",
    "allOf",
    "type",
    "required",
    "properties",
    "items",
    "const",
    "enum",
    "pattern",
    "format",
    "description",
}


class Description:
    """The description: its topics, its types, and what is wrong with an event."""

    def __init__(self, text: str = "") -> None:
        self._all: Any = yaml.safe_load(text or FILE.read_text(encoding="utf-8"))
        self._by_type = {
            (channel["address"], kind): message
            for channel in self._all["channels"].values()
            for message in map(self._follow, channel["messages"].values())
            for kind in self._headers(message)["ce_type"]["enum"]
        }

    @property
    def types(self) -> set[str]:
        """Every event type that is described."""
        return {kind for _, kind in self._by_type}

    def channels(self) -> Mapping[str, Any]:
        """The topics, by address."""
        return {each["address"]: each for each in self._all["channels"].values()}

    def fields(self, kind: str) -> Mapping[str, Any]:
        """Fields of a message of the contract, by name in JSON."""
        return self._merged(self._all["components"]["schemas"][kind])

    def wrong(self, event: Event) -> list[str]:
        """What of an event is not as described."""
        kind = event.header("ce_type")
        message = self._by_type.get((event.topic, kind))
        if message is None:
            return [f"type {kind} is not described in {event.topic}"]
        headers = {name: value.decode() for name, value in event.headers}
        unknown = set(headers) - set(self._headers(message))
        value = None if event.value is None else json.loads(event.value)
        return [
            *(f"header {name} is not described" for name in unknown),
            *self._unlike(message["headers"], headers, "headers"),
            *self._unlike(message["payload"], value, "payload"),
        ]

    def _headers(self, message: Any) -> dict[str, Any]:
        return self._merged(message["headers"])

    def _merged(self, schema: Any) -> dict[str, Any]:
        schema = self._follow(schema)
        merged = dict(schema.get("properties", {}))
        for each in schema.get("allOf", []):
            merged |= self._merged(each)
        return merged

    def _follow(self, schema: Any) -> Any:
        while "$ref" in schema:
            found = self._all
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def _unlike(self, schema: Any, value: Any, at: str) -> Iterator[str]:
        schema = self._follow(schema)
        assert set(schema) <= _WORDS, f"{at} uses words that this check does not know: {set(schema) - _WORDS}"
        for each in schema.get("allOf", []):
            yield from self._unlike(each, value, at)
        if "type" in schema and not isinstance(value, _TYPES[schema["type"]]):
            yield f"{at} is no {schema['type']}"
            return
        if value != schema.get("const", value) or value not in schema.get("enum", [value]):
            yield f"{at} is {value!r}"
        if "pattern" in schema and not re.search(schema["pattern"], value, re.ASCII):
            yield f"{at} is {value!r}, not {schema['pattern']}"
        if isinstance(value, dict):
            yield from (f"{at} lacks {name}" for name in schema.get("required", []) if name not in value)
            for name, part in schema.get("properties", {}).items():
                if name in value:
                    yield from self._unlike(part, value[name], f"{at}.{name}")
        elif isinstance(value, list) and "items" in schema:
            for each in value:
                yield from self._unlike(schema["items"], each, f"{at}[]")
