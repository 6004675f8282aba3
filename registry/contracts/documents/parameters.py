"""Parameters of an operation: each is known by where it is sent and by its name, and in a path by its place."""

from registry.contracts.documents import bodies
from registry.contracts.documents.nodes import Node
from registry.contracts.documents.report import Report
from registry.contracts.documents.rules import Flow
from registry.contracts.documents.values import shown

Parameters = dict[tuple[str, str], Node]
# OpenAPI 3.1.0, 4.8.12.2.1: definitions of these headers are passed over.
_IGNORED = {("header", "accept"), ("header", "content-type"), ("header", "authorization")}
_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}


def of(report: Report, path: Node, operation: Node, template: list[str]) -> Parameters:
    """Those of the path and of the operation, which override them. `template`: names in the path in their order."""
    found: Parameters = {}
    for holder in (path, operation):
        for node in holder.children("parameters").values():
            parameter = report.followed(node)
            if parameter is not None:
                found[_id(parameter, template)] = parameter
    return {known: node for known, node in found.items() if known not in _IGNORED}


def _id(parameter: Node, template: list[str]) -> tuple[str, str]:
    place, name = str(parameter.get("in")), str(parameter.get("name"))
    if place == "path" and name in template:
        return place, str(template.index(name))
    return place, name.lower() if place == "header" else name


def compare(report: Report, before: Parameters, after: Parameters) -> None:
    """Everything that differs."""
    for known, node in before.items():
        if known not in after:
            report.note("parameter-removed", node.pointer, before=_name(node))
        else:
            _parameter(report, node, after[known])
    for known in after.keys() - before.keys():
        node = after[known]
        rule = "required-parameter-added" if _required(node) else "parameter-added"
        report.note(rule, node.pointer, after=_name(node))


def _parameter(report: Report, before: Node, after: Node) -> None:
    if _required(before) != _required(after):
        rule = "parameter-became-required" if _required(after) else "parameter-became-optional"
        report.note(rule, f"{after.pointer}/required", after=_name(after))
    if after.get("deprecated") is True and before.get("deprecated") is not True:
        report.note("parameter-deprecated", f"{after.pointer}/deprecated", after=_name(after))
    if _written(before) != _written(after) or _allows_less(before, after):
        report.note("parameter-serialisation-changed", after.pointer, shown(_written(before)), shown(_written(after)))
    elif before.has("content"):
        bodies.contents(report, before, after, Flow.REQUEST)
    else:
        bodies.schemas(report, before, after, Flow.REQUEST)


def _name(node: Node) -> str:
    return f"{node.get('in')} {shown(node.get('name'))}"


def _required(node: Node) -> bool:
    return node.get("required") is True or node.get("in") == "path"


def _written(node: Node) -> list[object]:
    """How the value is written, with the defaults of OpenAPI 3.1.0, 4.8.12.2.2."""
    if node.has("content"):
        return ["content"]
    style = node.get("style") or _STYLES.get(str(node.get("in")), "")
    explode = node.get("explode")
    return [style, (style == "form") if explode is None else explode]


def _allows_less(before: Node, after: Node) -> bool:
    words = ("allowReserved", "allowEmptyValue")
    return any(before.get(word) is True and after.get(word) is not True for word in words)
