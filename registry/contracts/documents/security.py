"""Security requirements: whoever could prove who they are before must still be able to (OpenAPI 3.1.0, 4.8.30).

Schemes are compared by what they demand and not by their names, which are never sent.
"""

from typing import Any

from registry.contracts.documents.nodes import Node
from registry.contracts.documents.report import Report
from registry.contracts.documents.values import key, shown

# One way to prove it: each scheme with the scopes that it demands.
Way = list[tuple[dict[str, Any], frozenset[str]]]


def compare(report: Report, before: Node, after: Node) -> None:
    """Everything that differs between two operations."""
    mine, yours = _ways(report, before), _ways(report, after)
    at = f"{after.pointer if after.has('security') else ''}/security"
    texts = [shown(_demanded(before)), shown(_demanded(after))]
    if any(not any(_enough(way, each) for each in yours) for way in mine):
        report.note("security-demanded", at, *texts)
    elif any(not any(_enough(way, each) for each in mine) for way in yours):
        report.note("security-relaxed", at, *texts)


def _demanded(operation: Node) -> Any:
    root = operation.document.node()
    return operation.get("security") if operation.has("security") else root.get("security")


def _ways(report: Report, operation: Node) -> list[Way]:
    """No requirement, and an empty one among them, means that nothing has to be proven."""
    demanded = _demanded(operation)
    ways = [each for each in demanded if isinstance(each, dict)] if isinstance(demanded, list) else []
    return [_way(report, operation, each) for each in ways or [{}]]


def _way(report: Report, operation: Node, requirement: dict[str, Any]) -> Way:
    found: Way = []
    for name, scopes in requirement.items():
        node = report.followed(operation.document.node("components", "securitySchemes", name))
        scheme = _scheme(node.value) if node is not None and isinstance(node.value, dict) else {"name": name}
        found.append((scheme, frozenset(map(str, scopes if isinstance(scopes, list) else []))))
    return found


def _scheme(value: dict[str, Any]) -> dict[str, Any]:
    """What it demands of a caller: `bearerFormat` and descriptions are hints."""
    words = ("type", "in", "name", "scheme", "openIdConnectUrl")
    found = {word: value[word] for word in words if word in value}
    found["scheme"] = str(found.get("scheme", "")).lower()
    flows = value.get("flows")
    for kind, flow in (flows if isinstance(flows, dict) else {}).items():
        urls = {word: flow.get(word) for word in ("authorizationUrl", "tokenUrl")} if isinstance(flow, dict) else {}
        found[f"flow {kind}"] = urls
    return found


def _enough(have: Way, wanted: Way) -> bool:
    return all(any(scopes >= asked and _same(scheme, other) for scheme, scopes in have) for other, asked in wanted)


def _same(have: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a caller who can do the one can do the other: each of its flows is among those that are taken."""
    plain = [{word: each[word] for word in each if not word.startswith("flow ")} for each in (have, wanted)]
    flows = [word for word in have if word.startswith("flow ")]
    return key(plain[0]) == key(plain[1]) and all(key(have[word]) == key(wanted.get(word)) for word in flows)
