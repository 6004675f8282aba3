"""Compares two AsyncAPI documents (2 and 3, also one with the other) for those who send to or receive from the service.

`servers` do not count: where a broker runs is said by the routes. Channels in which nobody is said to send or receive
are compared both ways.
"""

from registry.contracts.documents.alike import inlined
from registry.contracts.documents.channels import Channel, channels
from registry.contracts.documents.nodes import Document, Node, Undecidable
from registry.contracts.documents.report import Report
from registry.contracts.documents.rules import Flow
from registry.contracts.documents.shape import Schema
from registry.contracts.documents.values import key, shown

_WORDS = {Flow.REQUEST: "sent", Flow.RESPONSE: "received"}
_OPERATIONS = {Flow.REQUEST: "callers send", Flow.RESPONSE: "callers receive"}
# What is described in JSON Schema of the draft that AsyncAPI itself uses.
_FORMS = (
    "application/vnd.aai.asyncapi",
    "application/schema+json;version=draft-07",
    "application/schema+yaml;version=draft-07",
)


def compare(before: Document, after: Document) -> Report:
    """Everything that differs. Errors: Undecidable."""
    report = Report()
    mine, yours = channels(before), channels(after)
    for address, channel in mine.items():
        if address not in yours:
            report.note("channel-removed", channel.node.pointer, before=channel.address)
        else:
            _channel(report, channel, yours[address])
    for address in yours.keys() - mine.keys():
        report.note("channel-added", yours[address].node.pointer, after=yours[address].address)
    return report


def _channel(report: Report, before: Channel, after: Channel) -> None:
    if not _same(before.node, after.node, "bindings"):
        report.note("bindings-undecided", f"{after.node.pointer}/bindings")
    _parameters(report, before.node, after.node)
    for flow, word in _OPERATIONS.items():
        if flow in before.messages and flow in after.messages:
            _operations(report, before.operations[flow], after.operations[flow])
            _messages(report, before.messages[flow], after.messages[flow], flow)
        elif flow in before.messages:
            report.note("channel-operation-removed", before.operations[flow][0].pointer, before=word)
        elif flow in after.messages:
            report.note("channel-operation-added", after.operations[flow][0].pointer, after=word)


def _parameters(report: Report, before: Node, after: Node) -> None:
    """Compared in their order, as the address has them; AsyncAPI 3 has no schema there but `enum` and `default`."""
    mine, yours = before.children("parameters").values(), after.children("parameters").values()
    for one, other in zip(mine, yours, strict=False):
        schemas = [node.child("schema") if node.has("schema") else node for node in (one.target(), other.target())]
        report.schemas(Flow.REQUEST, (schemas[0],), (schemas[1],), schemas[1].pointer)


def _operations(report: Report, before: list[Node], after: list[Node]) -> None:
    for one, other in zip(before, after, strict=False):
        if not _same(one, other, "bindings"):
            report.note("bindings-undecided", f"{other.pointer}/bindings")
        if not (_same(one, other, "security") and _same(one, other, "traits")):
            report.note("traits-undecided", other.pointer)


def _messages(report: Report, before: dict[str, Node], after: dict[str, Node], flow: Flow) -> None:
    if len(before) == len(after) == 1:
        _message(report, next(iter(before.values())), next(iter(after.values())), flow)
        return
    for name, node in before.items():
        if name in after:
            _message(report, node, after[name], flow)
        else:
            report.note(f"{_WORDS[flow]}-message-removed", node.pointer, before=name)
    for name in after.keys() - before.keys():
        report.note(f"{_WORDS[flow]}-message-added", after[name].pointer, after=name)


def _message(report: Report, before: Node, after: Node, flow: Flow) -> None:
    types = [_content_type(node) for node in (before, after)]
    if types[0] != types[1]:
        report.note("message-content-type-changed", after.pointer, *types)
    if not _same(before, after, "bindings"):
        report.note("bindings-undecided", f"{after.pointer}/bindings")
    if not (_same(before, after, "traits") and _same(before, after, "correlationId")):
        report.note("traits-undecided", after.pointer)
    report.schemas(flow, _schema(before, "headers"), _schema(after, "headers"), f"{after.pointer}/headers")
    mine, yours = _form(before), _form(after)
    if mine.startswith(_FORMS) and yours.startswith(_FORMS):
        report.schemas(flow, _schema(before, "payload"), _schema(after, "payload"), f"{after.pointer}/payload")
    elif mine != yours or not _same(before, after, "payload"):
        report.note("message-form-undecided", f"{after.pointer}/payload", mine, yours)


def _content_type(message: Node) -> str:
    return shown(message.get("contentType") or message.document.node().get("defaultContentType") or "")


def _several(message: Node) -> bool:
    """Whether the payload is a Multi Format Schema Object (3.0.0)."""
    return message.child("payload").target().has("schemaFormat")


def _form(message: Node) -> str:
    holder = message.child("payload").target() if _several(message) else message
    return str(holder.get("schemaFormat") or _FORMS[0]).replace(" ", "").lower()


def _schema(message: Node, word: str) -> Schema:
    if not message.has(word):
        return ()
    node = message.child(word)
    return (node.target().child("schema"),) if word == "payload" and _several(message) else (node,)


def _same(before: Node, after: Node, word: str) -> bool:
    try:
        mine, yours = (inlined(node.child(word)) for node in (before, after))
    except Undecidable:
        return False
    return key(mine) == key(yours)
