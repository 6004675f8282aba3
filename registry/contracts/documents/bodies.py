"""Bodies, media types, responses by status, and headers."""

from registry.contracts.documents.alike import inlined
from registry.contracts.documents.nodes import Node, Undecidable
from registry.contracts.documents.report import Report
from registry.contracts.documents.rules import Flow
from registry.contracts.documents.shape import Schema
from registry.contracts.documents.values import key

_SUCCESS, _DEFAULT = "2", "DEFAULT"
_ASKED_FOR = "What callers answer with when they are called has another form."


def schemas(report: Report, before: Node, after: Node, flow: Flow) -> None:
    """The schemas that two objects have; none allows everything."""
    report.schemas(flow, _schema(before), _schema(after), f"{after.pointer}/schema")


def _schema(node: Node) -> Schema:
    return (node.child("schema"),) if node.has("schema") else ()


def requests(report: Report, before: Node, after: Node, flow: Flow) -> None:
    """The body of a request; in webhooks callers receive it."""
    mine, yours = report.followed(before), report.followed(after)
    if mine is None or yours is None:
        return
    if flow is Flow.RESPONSE and _form(mine) != _form(yours):
        report.unsure(yours.pointer, "What callers are called with has another form.")
    elif flow is Flow.REQUEST:
        _presence(report, mine, yours)
    if mine.value is not None and yours.value is not None:
        contents(report, mine, yours, flow)


def _form(body: Node) -> tuple[bool, bool, list[str]]:
    return body.value is None, body.get("required") is True, sorted(body.children("content"))


def _presence(report: Report, before: Node, after: Node) -> None:
    was, is_ = before.get("required") is True, after.get("required") is True
    if before.value is None and after.value is not None:
        report.note("required-request-body-added" if is_ else "request-body-added", after.pointer)
    elif before.value is not None and after.value is None:
        report.note("request-body-removed", before.pointer)
    elif was != is_:
        report.note("request-body-became-required" if is_ else "request-body-became-optional", after.pointer)


def contents(report: Report, before: Node, after: Node, flow: Flow) -> None:
    """What stands under `content`, by media type; a range such as `text/*` stands for those that are not named."""
    mine, yours = _types(before), _types(after)
    for name, node in mine.items():
        other = _taken(name, yours)
        if other is None:
            report.note(f"{flow.value}-media-type-removed", node.pointer, before=name)
        else:
            _media(report, node, other, flow)
    for name in yours.keys() - mine.keys():
        report.note(f"{flow.value}-media-type-added", yours[name].pointer, after=name)
        if flow is Flow.RESPONSE and (known := _taken(name, mine)) is not None:
            _media(report, known, yours[name], flow)


def _types(holder: Node) -> dict[str, Node]:
    return {
        name.replace(" ", "").lower().removesuffix(";charset=utf-8"): node
        for name, node in holder.children("content").items()
    }


def _taken(name: str, table: dict[str, Node]) -> Node | None:
    plain = name.partition(";")[0]
    ranges = (name, plain, f"{plain.partition('/')[0]}/*", "*/*")
    return next((table[each] for each in ranges if each in table), None)


def _media(report: Report, before: Node, after: Node, flow: Flow) -> None:
    schemas(report, before, after, flow)
    try:
        same = key(inlined(before.child("encoding"))) == key(inlined(after.child("encoding")))
    except Undecidable:
        same = False
    if not same:
        report.note("encoding-undecided", f"{after.pointer}/encoding")


def responses(report: Report, before: Node, after: Node, flow: Flow) -> None:
    """Responses by status; in webhooks callers send them."""
    mine, yours = _statuses(before), _statuses(after)
    if flow is Flow.REQUEST and mine.keys() != yours.keys():
        report.unsure(after.pointer, _ASKED_FOR)
    pairs: dict[tuple[str, str], tuple[Node, Node]] = {}
    for status, node in mine.items():
        known = _described(status, yours)
        if known:
            pairs[status, known] = node, yours[known]
        elif flow is Flow.RESPONSE:
            word = "success-response" if status.startswith(_SUCCESS) else "response"
            report.note(f"{word}-removed", node.pointer, before=status)
    for status, node in yours.items():
        known = _described(status, mine)
        if known:
            pairs[known, status] = mine[known], node
        elif flow is Flow.RESPONSE:
            word = "success-response" if status.startswith(_SUCCESS) else "response"
            report.note(f"{word}-added", node.pointer, after=status)
    for one, other in pairs.values():
        _response(report, one, other, flow)


def _statuses(node: Node) -> dict[str, Node]:
    words = node.value if isinstance(node.value, dict) else {}
    return {word.upper(): node.child(word) for word in words if not word.startswith("x-")}


def _described(status: str, table: dict[str, Node]) -> str:
    """Under which key a status is described. `default` is there for errors where success has a key of its own."""
    if status in table:
        return status
    if f"{status[0]}XX" in table:
        return f"{status[0]}XX"
    own = status.startswith(_SUCCESS) and any(each.startswith(_SUCCESS) for each in table)
    return _DEFAULT if _DEFAULT in table and not own else ""


def _response(report: Report, before: Node, after: Node, flow: Flow) -> None:
    mine, yours = report.followed(before), report.followed(after)
    if mine is None or yours is None:
        return
    if flow is Flow.REQUEST and sorted(mine.children("content")) != sorted(yours.children("content")):
        report.unsure(yours.pointer, _ASKED_FOR)
    contents(report, mine, yours, flow)
    if flow is Flow.RESPONSE:
        _headers(report, mine, yours)
    elif key(mine.get("headers")) != key(yours.get("headers")):
        report.unsure(yours.pointer, _ASKED_FOR)


def _headers(report: Report, before: Node, after: Node) -> None:
    mine, yours = _by_name(before), _by_name(after)
    for name, node in mine.items():
        if name not in yours:
            report.note("response-header-removed", node.pointer, before=name)
        else:
            _header(report, node, yours[name])
    for name in yours.keys() - mine.keys():
        report.note("response-header-added", yours[name].pointer, after=name)


def _by_name(response: Node) -> dict[str, Node]:
    """Names of headers have no case (RFC 9110, 5.1); `Content-Type` is said by `content` (OpenAPI 3.1.0, 4.8.17)."""
    found = {name.lower(): node for name, node in response.children("headers").items()}
    found.pop("content-type", None)
    return found


def _header(report: Report, before: Node, after: Node) -> None:
    mine, yours = report.followed(before), report.followed(after)
    if mine is None or yours is None:
        return
    was, is_ = mine.get("required") is True, yours.get("required") is True
    if was != is_:
        report.note("response-header-became-required" if is_ else "response-header-became-optional", yours.pointer)
    if mine.has("content") or yours.has("content"):
        contents(report, mine, yours, Flow.RESPONSE)
    else:
        schemas(report, mine, yours, Flow.RESPONSE)
