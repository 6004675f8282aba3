"""Contracts as bytes: what is read, what is refused and why, at each limit."""

import json
from typing import Any

import pytest

from registry.contracts import reading
from registry.contracts.families import compare, read
from registry.contracts.reading import NODES, REFERENCES, Unreadable, load
from tests.unit.contracts.cases import told

OPENAPI, ASYNCAPI, SCHEMA = "application/vnd.oai.openapi", "application/vnd.aai.asyncapi", "application/schema+json"

VALUES: list[tuple[str, Any]] = [
    ("a: yes", {"a": "yes"}),
    ("a: true", {"a": True}),
    ("a: ~", {"a": None}),
    ("a:", {"a": None}),
    ("a: 010", {"a": 10}),
    ("a: 1.5e1", {"a": 15.0}),
    ("a: 2026-01-01", {"a": "2026-01-01"}),
    ("a: '1'", {"a": "1"}),
    ("200: a", {"200": "a"}),
    ("a: {b: [1, x]}", {"a": {"b": [1, "x"]}}),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_yaml_is_read_by_the_core_schema(text: str, value: Any) -> None:
    found = load("application/yaml", text.encode())
    assert found == value
    assert json.dumps(found) == json.dumps(value)


REFUSED = [
    ("application/json", b'{"a": 1, "a": 2}', "stands twice"),
    ("application/yaml", b"a: 1\na: 2", "stands twice"),
    ("application/yaml", b"a: &x 1\nb: *x", "Anchors"),
    ("application/yaml", b"a: !!python/name:os.system x", "Tags"),
    ("application/yaml", b"a: 1\n---\nb: 1", "2 YAML documents"),
    ("application/yaml", b"", "0 YAML documents"),
    ("application/yaml", b"? {a: 1}\n: 1", "A key is not a text"),
    ("application/json", b'{"a": NaN}', "NaN is not a number"),
    ("application/json", b'{"a": 1e999}', "too large"),
    ("application/json", b'{"a": ' + b"1" * 5000 + b"}", "too many digits"),
    ("application/json", b"{", "is not JSON"),
    ("application/json", b"\xff", "not UTF-8"),
    ("application/json", b"[" * 100_000, "nested more than 64"),
]


@pytest.mark.parametrize(("media_type", "content", "problem"), REFUSED)
def test_what_is_not_read(media_type: str, content: bytes, problem: str) -> None:
    with pytest.raises(Unreadable, match=problem):
        load(media_type, content)


@pytest.mark.parametrize("media_type", ["application/json", "application/yaml"])
def test_the_depth_of_a_contract(media_type: str) -> None:
    load(media_type, b"[" * 64 + b"]" * 64)
    with pytest.raises(Unreadable, match="nested more than 64"):
        load(media_type, b"[" * 65 + b"]" * 65)


def test_the_number_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (NODES, REFERENCES) == (200_000, 50_000)
    load("application/json", json.dumps([0] * (NODES - 1)).encode())
    with pytest.raises(Unreadable, match=f"more than {NODES} values"):
        load("application/json", json.dumps([0] * NODES).encode())
    monkeypatch.setattr(reading, "REFERENCES", 3)
    load("application/json", json.dumps([{"$ref": "#"}] * 3).encode())
    with pytest.raises(Unreadable, match="more than 3 references"):
        load("application/json", json.dumps([{"$ref": "#"}] * 4).encode())


PROBLEMS = [
    (OPENAPI, b'{"openapi": "3.1.0", "info": {}, "paths": {}}', ""),
    (f"{OPENAPI}+yaml", b"openapi: 3.1.0\ninfo: {}", ""),
    (f"{OPENAPI}+json", b"openapi: 3.1.0\ninfo: {}", "is not JSON"),
    (OPENAPI, b'{"asyncapi": "3.0.0", "info": {}}', "version under openapi"),
    (OPENAPI, b'{"openapi": "3.1.0"}', "info is missing"),
    (OPENAPI, b'{"openapi": "3.1.0", "info": {}, "paths": []}', "paths must be an object"),
    (OPENAPI, b'{"openapi": "3.1.0", "info": {}, "paths": {"/a": {"$ref": "#/x"}}}', "not in the contract"),
    (OPENAPI, b'{"openapi": "3.1.0", "info": {}, "paths": {"/a": {"$ref": "https://a.example/x"}}}', ""),
    (OPENAPI, b'{"swagger": "2.0", "info": {}}', ""),
    (ASYNCAPI, b"asyncapi: 3.0.0\ninfo: {}", ""),
    (SCHEMA, b"true", ""),
    (SCHEMA, b"1", "is an object"),
    ("application/json", b'{"anything": 1}', ""),
    ("application/json", b"{", "is not JSON"),
    ("text/plain", b"\xff", ""),
]


@pytest.mark.parametrize(("media_type", "content", "problem"), PROBLEMS)
def test_whether_a_contract_is_what_it_says(media_type: str, content: bytes, problem: str) -> None:
    found = read(media_type, content)
    assert problem in found
    assert bool(found) == bool(problem)


A, B = b'{"openapi": "3.1.0", "info": {}, "paths": {}}', b'{"openapi": "3.1.0", "info": {}, "paths": {"/a": {}}}'
S = b'{"$schema": "https://json-schema.org/draft/2020-12/schema"}'
DISPATCHED = [
    (OPENAPI, A, "application/json", B, "COMPATIBLE", ""),
    (f"{OPENAPI}+json;version=3.1", A, "text/yaml", B, "COMPATIBLE", ""),
    ("APPLICATION/JSON", A, f"{OPENAPI}+yaml", B, "COMPATIBLE", ""),
    ("application/json", S, SCHEMA, b"true", "COMPATIBLE", ""),
    (OPENAPI, A, "application/json", S, "UNKNOWN", "is OpenAPI and the newer one is JSON Schema"),
    (OPENAPI, A, "text/plain", B, "UNKNOWN", "of a kind that is not compared"),
    (OPENAPI, A, "application/json", b"{}", "UNKNOWN", "neither openapi, asyncapi nor"),
    (OPENAPI, A, OPENAPI, b"{", "UNKNOWN", "The newer contract cannot be read"),
    (OPENAPI, b'{"swagger": "2.0", "info": {}}', OPENAPI, A, "UNKNOWN", "OpenAPI 2.0, which is not compared"),
    (OPENAPI, A, OPENAPI, A.replace(b"3.1.0", b"3.2.0"), "UNKNOWN", "OpenAPI 3.2.0, which is not compared"),
]


@pytest.mark.parametrize(("one", "before", "other", "after", "outcome", "reason"), DISPATCHED)
def test_media_types(one: str, before: bytes, other: str, after: bytes, outcome: str, reason: str) -> None:
    verdict = compare(one, before, other, after)
    assert told(verdict)[0] == outcome, verdict
    assert reason in verdict.reason
    assert bool(verdict.reason) == bool(reason)
