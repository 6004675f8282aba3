"""Differences down to the single value, wherever the items of a list can be told apart."""

import json
from typing import Any

import pytest

from registry.api.v1.definition_service_pb2 import FieldDiff
from registry.cli.differences import between

ONE, TWO = {"id": "a", "kind": "REST"}, {"id": "b", "kind": "WEB"}
TEST, PROD = ({"environment": each, "url": each.lower()} for each in ("TEST", "PRODUCTION"))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (90, 30, ["~ f: 90 -> 30"]),
        (None, "x", ['+ f = "x"']),
        ("x", None, ['- f = "x"']),
        (["x"], ["x", "y"], ['~ f: ["x"] -> ["x", "y"]']),
        ([ONE], [ONE, TWO], ['+ f[b] = {"id": "b", "kind": "WEB"}']),
        ([ONE, TWO], [TWO], ['- f[a] = {"id": "a", "kind": "REST"}']),
        ([ONE], [{**ONE, "kind": "GRPC"}], ['~ f[a].kind: "REST" -> "GRPC"']),
        ([ONE], [{**ONE, "spec": {"sha256": "0"}}], ['+ f[a].spec = {"sha256": "0"}']),
        ([{**ONE, "endpoints": [TEST]}], [{**ONE, "endpoints": [{**TEST, "url": "n"}, PROD]}], [
            '~ f[a].endpoints[TEST].url: "test" -> "n"', '+ f[a].endpoints[PRODUCTION] = {"environment": "PRODUCTION", "url": "production"}',
        ]),
        ([ONE, TWO], [TWO, ONE], [f"~ f: {json.dumps([ONE, TWO])} -> {json.dumps([TWO, ONE])}"]),
        ([{"organisation": "o", "reason": "r"}], [{"organisation": "o", "reason": "s"}], ['~ f[o].reason: "r" -> "s"']),
    ],
)  # fmt: skip
def test_a_difference(before: Any, after: Any, told: list[str]) -> None:
    texts = ("" if each is None else json.dumps(each) for each in (before, after))
    found = between([FieldDiff(path="f", before=next(texts), after=next(texts))])
    assert [str(each) for each in found] == told
