"""Turns the bytes of a contract into plain values, or says why not: within limits, without aliases, no key twice."""

import json
import math
import re
from typing import Any

import yaml

from registry.contracts.compose import DEPTH, documents
from registry.domain.limits import SPEC_BYTES
from registry.domain.problem import Problem, quoted

NODES = 200_000
REFERENCES = 50_000
_KEYWORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE = re.compile(r"[-+]?[0-9]{1,4000}", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)


class Unreadable(Exception):
    """What is wrong with a contract, in a sentence."""


def load(media_type: str, content: bytes) -> Any:
    """The document as dicts, lists, texts, numbers, booleans and None. Errors: Unreadable.

    JSON is read as RFC 8259 says; YAML by the core schema of YAML 1.2.2 (section 10.3), as OpenAPI 3.1.0 (4.2) asks.
    """
    if len(content) > SPEC_BYTES:
        raise Unreadable(f"It has more than {SPEC_BYTES} bytes.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("Its text is not UTF-8.") from None
    value = _value(media_type, text)
    _within_limits(value)
    return value


def _value(media_type: str, text: str) -> Any:
    if media_type.endswith("json"):
        return _json(text)
    if not media_type.endswith("yaml") and text.lstrip()[:1] == "{":
        try:
            return _json(text)
        except Unreadable:
            return _yaml(text)
    return _yaml(text)


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_float)
    except json.JSONDecodeError as error:
        raise Unreadable(f"Line {error.lineno}, column {error.colno} is not JSON: {error.msg}.") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise Unreadable("It has a number of too many digits.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _twice(key)
        found[key] = value
    return found


def _no_number(word: str) -> Any:
    raise Unreadable(f"{word} is not a number in JSON.")


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise Unreadable("It has a number that is too large.")
    return value


def _yaml(text: str) -> Any:
    if _too_many(text):
        raise Unreadable(f"It has more than {NODES} values.")
    problems: list[Problem] = []
    roots = list(documents("", text, problems))
    if problems:
        raise Unreadable(str(min(problems)).removeprefix(": "))
    if len(roots) != 1:
        raise Unreadable(f"It has {len(roots)} YAML documents; one is wanted.")
    return _plain(roots[0])


def _too_many(text: str) -> bool:
    """Whether there are more values than may be, counted before any is kept. What is no YAML is told later."""
    count = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            count += isinstance(event, yaml.NodeEvent)
            if count > 2 * NODES:  # half of them may be keys
                return True
    except yaml.YAMLError:
        pass
    return False


def _plain(node: yaml.Node) -> Any:
    """Nested at most `DEPTH` levels: the reader has seen to that."""
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise Unreadable("A key is not a text.")
            if key.value in found:
                raise _twice(key.value)
            found[key.value] = _plain(value)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each) for each in node.value]
    return node.value if getattr(node, "style", None) else _scalar(str(node.value))


def _scalar(text: str) -> Any:
    if text in _KEYWORDS:
        return _KEYWORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return _float(text) if _NUMBER.fullmatch(text) else text


def _within_limits(value: Any) -> None:
    nodes, references, level, depth = 0, 0, [value], 0
    while level:
        nodes += len(level)
        references += sum(isinstance(each, dict) and "$ref" in each for each in level)
        if nodes > NODES:
            raise Unreadable(f"It has more than {NODES} values.")
        if references > REFERENCES:
            raise Unreadable(f"It has more than {REFERENCES} references.")
        if depth >= DEPTH and any(isinstance(each, dict | list) for each in level):
            raise _too_deep()
        level = [child for each in level for child in _children(each)]
        depth += 1


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _twice(key: str) -> Unreadable:
    return Unreadable(f"The key {quoted(key)} stands twice in one object.")


def _too_deep() -> Unreadable:
    return Unreadable(f"Its values are nested more than {DEPTH} levels deep.")
