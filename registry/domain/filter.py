"""AIP-160 filters: parsed once, then compiled to SQL by the store or matched against a message here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput

from registry.domain import limits
from registry.errors import Invalid

DEPTH = 32
LARGEST = 2**63 - 1
# As AIP-160 has it: OR binds tighter than AND, and terms side by side mean AND.
_GRAMMAR = r"""
?start: conjunction
?conjunction: disjunction (("AND")? disjunction)*
?disjunction: term ("OR" term)*
?term: ("NOT" | "-") simple -> negation
     | simple
?simple: comparison | "(" conjunction ")"
comparison: FIELD OPERATOR value
value: TEXT | WORD
OPERATOR: "!=" | "<=" | ">=" | "=" | "<" | ">" | ":"
FIELD: /[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*/
WORD: /(?!(?:AND|OR|NOT)(?![\w]))[^\s()"'=<>!]+/
TEXT: /"(\\.|[^"\\])*"/ | /'(\\.|[^'\\])*'/
%ignore /\s+/
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator value`; `position` is where it starts, counted in characters from 0."""

    field: str
    operator: str
    value: str
    position: int


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    child: "Node"


Node = Comparison | And | Or | Not


@v_args(inline=True)
class _Build(Transformer[Token, Node]):
    def conjunction(self, *children: Node) -> Node:
        return And(children)

    def disjunction(self, *children: Node) -> Node:
        return Or(children)

    def negation(self, child: Node) -> Node:
        return Not(child)

    def comparison(self, field: Token, operator: Token, value: str) -> Node:
        return Comparison(str(field), str(operator), value, field.start_pos or 0)

    def value(self, token: Token) -> str:
        text = str(token)
        if token.type != "TEXT":
            return text
        return "".join(_unescaped(text[1:-1]))


def _unescaped(text: str) -> Iterable[str]:
    letters = iter(text)
    for letter in letters:
        yield next(letters) if letter == "\\" else letter


_PARSER = Lark(_GRAMMAR, parser="lalr", lexer="contextual", transformer=_Build(), propagate_positions=False)


@lru_cache(maxsize=1024)
def parse(text: str) -> Node | None:
    """The expression, or None for an empty text. Errors: FILTER_INVALID, LIMIT_EXCEEDED over 4 KiB."""
    limits.at_most("filter bytes", len(text.encode()), limits.FILTER_BYTES)
    if not text.strip():
        return None
    if "\0" in text:
        raise _refused(text, text.index("\0"), "it has a character without meaning (NUL)")
    if _nesting(text) > DEPTH:
        raise _refused(text, 0, f"parentheses are nested more than {DEPTH} deep")
    try:
        return _PARSER.parse(text)  # type: ignore[return-value]  # the transformer makes nodes of trees
    except UnexpectedInput as error:
        at_end = getattr(getattr(error, "token", None), "type", "") == "$END"
        position = len(text) if at_end else error.pos_in_stream or 0
        what = 'expected `field operator value`, for example state = ACTIVE AND title.sv : "bygglov"'
        raise _refused(text, position, what) from None


def _nesting(text: str) -> int:
    depth = deepest = 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        deepest = max(deepest, depth)
    return deepest


def _refused(text: str, position: int, what: str) -> Invalid:
    return Invalid(
        "FILTER_INVALID",
        f"The filter cannot be read at position {position}: {what}.",
        violations=[("filter", f"cannot be read at position {position}: {what}")],
        filter=text[:200],
        position=position,
    )


def enum_value(enum: EnumDescriptor, text: str) -> int:
    """Number of an enum value by its name, with or without the prefix, in any case. Errors: KeyError."""
    prefix = enum.values[0].name.removesuffix("UNSPECIFIED")
    wanted = text.upper()
    found = enum.values_by_name.get(wanted) or enum.values_by_name.get(prefix + wanted)
    if found is None:
        raise KeyError(text)
    return found.number


def fields_of(node: Node | None) -> Iterable[Comparison]:
    """Every comparison of the expression."""
    match node:
        case Comparison():
            yield node
        case And(children) | Or(children):
            for child in children:
                yield from fields_of(child)
        case Not(child):
            yield from fields_of(child)


def matches(node: Node | None, message: Message) -> bool:
    """Whether the message satisfies the expression. Errors: FILTER_INVALID for a field or value that does not fit."""
    match node:
        case None:
            return True
        case And(children):
            return all(matches(child, message) for child in children)
        case Or(children):
            return any(matches(child, message) for child in children)
        case Not(child):
            return not matches(child, message)
    return _compare(node, message)


def check(node: Node | None, kind: type[Message], allowed: Mapping[str, object] | frozenset[str]) -> None:
    """Refuse fields outside `allowed` and values that do not fit them. Errors: FILTER_INVALID."""
    for comparison in fields_of(node):
        if comparison.field not in allowed:
            choices = ", ".join(sorted(allowed))
            raise _misfit(comparison, f"cannot be filtered; use one of {choices}")
        _compare(comparison, kind())


def describe(node: Node | None) -> str:
    """The expression as text."""
    match node:
        case And(children):
            return " AND ".join(describe(child) for child in children)
        case Or(children):
            return "(" + " OR ".join(describe(child) for child in children) + ")"
        case Not(child):
            return f"NOT ({describe(child)})"
        case Comparison():
            return f"{node.field} {node.operator} {node.value}"
    return ""


def _compare(node: Comparison, message: Message) -> bool:  # noqa: PLR0911 - one for each operator
    value, field = find(node, message)
    if field.is_repeated:
        if node.operator != ":":
            raise _misfit(node, f'is a list; write {node.field}:"{node.value}"')
        return node.value in value
    here, there = _comparable(node, value, field)
    match node.operator:
        case ":":
            return there in here if isinstance(here, str) else bool(here == there)
        case "=":
            return bool(here == there)
        case "!=":
            return bool(here != there)
        case "<":
            return bool(here < there)
        case "<=":
            return bool(here <= there)
        case ">":
            return bool(here > there)
    return bool(here >= there)


def find(node: Comparison, message: Message) -> tuple[Any, FieldDescriptor]:
    """The value that a comparison is about, and its field. Errors: FILTER_INVALID when there is none."""
    value: Any = message
    field: Any = None
    for part in node.field.split("."):
        field = value.DESCRIPTOR.fields_by_name.get(part) if isinstance(value, Message) else None
        if field is None:
            raise _misfit(node, "does not exist")
        value = getattr(value, part)
    if field is None or (isinstance(value, Message) and not isinstance(value, Timestamp)):
        raise _misfit(node, "has parts: name one of them")
    return value, field


def _comparable(node: Comparison, value: Any, field: FieldDescriptor) -> tuple[Any, Any]:
    try:
        if isinstance(value, Timestamp):
            other = Timestamp()
            other.FromJsonString(node.value)
            return value.ToNanoseconds(), other.ToNanoseconds()
        if field.enum_type is not None:
            return value, enum_value(field.enum_type, node.value)
        if isinstance(value, str):
            # People's texts are compared without case, names and codes as they are.
            folded = node.field.endswith((".sv", ".en"))
            return (value.casefold(), node.value.casefold()) if folded else (value, node.value)
        return float(value), _number(node.value)
    except (ValueError, KeyError) as error:
        raise _misfit(node, f"cannot be compared with {node.value!r}") from error


def _number(text: str) -> float:
    """A number that the store can compare as well. Errors: ValueError."""
    number = float(text)
    if not abs(number) <= LARGEST:
        raise ValueError(text)
    return number


def _misfit(node: Comparison, why: str) -> Invalid:
    what = f"the field {node.field!r} at position {node.position} {why}"
    return Invalid(
        "FILTER_INVALID",
        f"In the filter, {what}.",
        violations=[("filter", what)],
        filter=describe(node)[:200],
        field=node.field,
        position=node.position,
    )
