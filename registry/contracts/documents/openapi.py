"""Compares two OpenAPI documents (3.0 and 3.1, also one with the other) for those who call what they describe.

`servers` do not count: where a service runs is said by its routes, not by its contract.
"""

import re
from collections.abc import Iterator

from registry.contracts.documents import bodies, parameters, security
from registry.contracts.documents.alike import inlined
from registry.contracts.documents.nodes import Document, Node, Undecidable
from registry.contracts.documents.report import Report
from registry.contracts.documents.rules import Flow
from registry.contracts.documents.values import key

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PARAMETER = re.compile(r"\{([^{}]*)\}")


def compare(before: Document, after: Document) -> Report:
    """Everything that differs."""
    report = Report(directed=True)
    mine, yours = _paths(before), _paths(after)
    for template, (name, node) in mine.items():
        if template not in yours:
            report.note("path-removed", node.pointer, before=name)
        else:
            _path(report, (name, node), yours[template])
    for template in yours.keys() - mine.keys():
        name, node = yours[template]
        report.note("path-added", node.pointer, after=name)
    _webhooks(report, before.node().children("webhooks"), after.node().children("webhooks"))
    return report


def _paths(document: Document) -> dict[str, tuple[str, Node]]:
    """By template: the names of path parameters are not sent, so they do not count (OpenAPI 3.1.0, 4.8.8)."""
    found: dict[str, tuple[str, Node]] = {}
    for name, node in document.node().children("paths").items():
        if name.startswith("/"):
            found.setdefault(_PARAMETER.sub("{}", name), (name, node))
    return found


def _path(report: Report, before: tuple[str, Node], after: tuple[str, Node]) -> None:
    mine, yours = report.followed(before[1]), report.followed(after[1])
    if mine is None or yours is None:
        return
    names = [_PARAMETER.findall(before[0]), _PARAMETER.findall(after[0])]
    for method in METHODS:
        one, other = mine.child(method), yours.child(method)
        if mine.has(method) and yours.has(method):
            places = parameters.of(report, mine, one, names[0]), parameters.of(report, yours, other, names[1])
            parameters.compare(report, *places)
            _operation(report, one, other, Flow.REQUEST)
            security.compare(report, one, other)
        elif mine.has(method):
            report.note("operation-removed", one.pointer, before=f"{method} {before[0]}")
        elif yours.has(method):
            report.note("operation-added", other.pointer, after=f"{method} {after[0]}")


def _operation(report: Report, before: Node, after: Node, flow: Flow) -> None:
    if after.get("deprecated") is True and before.get("deprecated") is not True:
        report.note("operation-deprecated", f"{after.pointer}/deprecated")
    mine, yours = (str(each.get("operationId") or "") for each in (before, after))
    if mine and mine != yours:
        report.note("operation-id-changed", after.pointer, mine, yours)
    bodies.requests(report, before.child("requestBody"), after.child("requestBody"), flow)
    bodies.responses(report, before.child("responses"), after.child("responses"), flow.other)
    _callbacks(report, before, after)


def _callbacks(report: Report, before: Node, after: Node) -> None:
    """What callers are called with: the service sends, and they answer."""
    _webhooks(report, dict(_expressions(report, before)), dict(_expressions(report, after)))


def _expressions(report: Report, operation: Node) -> Iterator[tuple[str, Node]]:
    for name, node in operation.children("callbacks").items():
        if (found := report.followed(node)) is not None and isinstance(found.value, dict):
            for expression in found.value:
                yield f"{name} {expression}", found.child(expression)


def _webhooks(report: Report, before: dict[str, Node], after: dict[str, Node]) -> None:
    for name, node in before.items():
        if name in after:
            _called(report, node, after[name])
        else:
            report.note("webhook-removed", node.pointer, before=name)
    for name in after.keys() - before.keys():
        report.note("webhook-added", after[name].pointer, after=name)


def _called(report: Report, before: Node, after: Node) -> None:
    mine, yours = report.followed(before), report.followed(after)
    if mine is None or yours is None:
        return
    for method in METHODS:
        one, other = mine.child(method), yours.child(method)
        if mine.has(method) and yours.has(method):
            _operation(report, one, other, Flow.RESPONSE)
            if not (_same(mine, yours) and _same(one, other)):
                report.unsure(other.pointer, "What callers are called with has other parameters or another security.")
        elif mine.has(method):
            report.note("webhook-removed", one.pointer, before=method)
        elif yours.has(method):
            report.note("webhook-added", other.pointer, after=method)


def _same(before: Node, after: Node) -> bool:
    try:
        return all(
            key(inlined(before.child(word))) == key(inlined(after.child(word))) for word in ("parameters", "security")
        )
    except Undecidable:
        return False
