"""Reasons of errors: those in the code are in the contract, and those of the contract are in the code."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.checks.problem import ROOT, Problem, line_of

PROTO = "protos/registry/api/v1/error_reason.proto"
RESERVED = "Reserved for a later version"
_VALUE = re.compile(r"((?:^ *//.*\n)+) *ERROR_REASON_(\w+) = [1-9]\d*;", re.MULTILINE)
_REASON = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Use:
    """A reason that is handed to an error."""

    path: str
    line: int
    text: str


def problems(root: Path = ROOT) -> Iterator[Problem]:
    """Reasons on one side only."""
    proto = (root / PROTO).read_text(encoding="utf-8")
    declared = {name: (comment, line_of(proto, start)) for name, comment, start in _declared(proto)}
    found = list(uses(root))
    for use in found:
        if use.text not in declared:
            what = (
                f"reason {use.text!r} is not in the contract: add ERROR_REASON_{use.text} to {PROTO}, or use one of it"
            )
            yield Problem(use.path, use.line, what)
    used = {use.text for use in found}
    for name, (comment, line) in declared.items():
        if name not in used and RESERVED not in comment:
            yield Problem(PROTO, line, f"no code gives {name}: use it, or write {RESERVED!r} in its comment")
        if name in used and RESERVED in comment:
            yield Problem(PROTO, line, f"{name} is used: take {RESERVED!r} out of its comment")


def _declared(proto: str) -> Iterator[tuple[str, str, int]]:
    for match in _VALUE.finditer(proto):
        yield match[2], match[1], match.start(2)


def uses(root: Path = ROOT) -> Iterator[Use]:
    """Every reason that the registry's own code hands to an error, or to what makes one of it."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in _sources(root)}
    errors = {"RegistryError", *_subclasses(trees.values(), "RegistryError")}
    takers = {name: place for tree in trees.values() for name, place in _takers(tree)}
    for path, tree in trees.items():
        for node in _given(tree, errors, takers):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _REASON.fullmatch(node.value):
                yield Use(str(path.relative_to(root)), node.lineno, node.value)


def _sources(root: Path) -> list[Path]:
    generated = root / "registry" / "api"
    return sorted(path for path in (root / "registry").rglob("*.py") if generated not in path.parents)


def _subclasses(trees: object, above: str) -> Iterator[str]:
    for tree in trees:  # type: ignore[attr-defined]
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and above in map(_last, node.bases):
                yield node.name


def _takers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Functions that have a parameter `reason`, with its place among the arguments of a call."""
    methods = {id(child) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for child in node.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__init__":
            names = [argument.arg for argument in node.args.args]
            if "reason" in names:
                yield node.name, names.index("reason") - (id(node) in methods)


def _given(tree: ast.AST, errors: set[str], takers: dict[str, int]) -> Iterator[ast.expr]:
    """What calls hand over as a reason, when it has the form of one."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        place = 0 if _last(node.func) in errors or _is_super(node.func) else takers.get(_last(node.func))
        if place is not None and len(node.args) > place:
            yield node.args[place]
        yield from (word.value for word in node.keywords if word.arg == "reason")


def _last(node: ast.expr) -> str:
    """Last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call) and _last(node.value.func) == "super"
