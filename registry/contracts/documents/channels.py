"""What an AsyncAPI contract says, in one form for 2 and 3: channels by address, and who sends what there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from registry.contracts.documents.nodes import Document, Node, Undecidable
from registry.contracts.documents.rules import Flow

_PARAMETER = re.compile(r"\{[^{}]*\}")


@dataclass(slots=True)
class Channel:
    """One address. `messages`: what callers send there, or receive, by name; `operations` are where that is said."""

    address: str
    node: Node
    messages: dict[Flow, dict[str, Node]] = field(default_factory=dict)
    operations: dict[Flow, list[Node]] = field(default_factory=dict)

    def take(self, flow: Flow, operation: Node, messages: dict[str, Node]) -> None:
        """Add what an operation says."""
        self.messages.setdefault(flow, {}).update(messages)
        self.operations.setdefault(flow, []).append(operation)


def channels(document: Document) -> dict[str, Channel]:
    """By address; the names of its parameters are not sent, so they do not count. Errors: Undecidable."""
    version = str(document.node().get("asyncapi"))
    return _two(document) if version.startswith("2.") else _three(document)


def _two(document: Document) -> dict[str, Channel]:
    """In AsyncAPI 2 others send what is under `publish` and receive what is under `subscribe` (2.6.0, Channel Item)."""
    found: dict[str, Channel] = {}
    for address, item in document.node().children("channels").items():
        node = item.target()
        channel = found.setdefault(_PARAMETER.sub("{}", address), Channel(address, node))
        for word, flow in (("publish", Flow.REQUEST), ("subscribe", Flow.RESPONSE)):
            if node.has(word):
                operation = node.child(word)
                channel.take(flow, operation, dict(_messages(operation.child("message"))))
    return found


def _messages(node: Node) -> Iterator[tuple[str, Node]]:
    message = node.target()
    several = message.children("oneOf")
    for number, each in (several or {"0": node}).items():
        found = each.target()
        if found.value is not None:
            yield _name(found, number), found


def _name(message: Node, other: str) -> str:
    """What a message is called: its own name, or that of its component, which both versions have."""
    _, _, component = message.pointer.rpartition("/components/messages/")
    own = message.get("name") or message.get("messageId") or component
    return str(own if own != message.pointer else other)


def _three(document: Document) -> dict[str, Channel]:
    """In AsyncAPI 3 others receive what the service `send`s, and send what it `receive`s (3.0.0, Operation Object)."""
    places: dict[str, Channel] = {}
    for name, item in document.node().children("channels").items():
        node = item.target()
        places[node.pointer] = Channel(str(node.get("address") or name), node)
    for node in document.node().children("operations").values():
        operation = node.target()
        flow = Flow.RESPONSE if operation.get("action") == "send" else Flow.REQUEST
        _three_operation(places, operation, operation, flow)
        reply = operation.child("reply").target()
        if reply.has("channel"):
            _three_operation(places, operation, reply, flow.other)
    for channel in [each for each in places.values() if not each.operations]:
        for flow in Flow:
            channel.take(flow, channel.node, dict(_named(channel.node)))
    return {_PARAMETER.sub("{}", each.address): each for each in places.values()}


def _three_operation(places: dict[str, Channel], operation: Node, holder: Node, flow: Flow) -> None:
    channel = places.get(holder.child("channel").target().pointer)
    if channel is None:
        raise Undecidable("An operation names a channel that is not in the contract.")
    messages = dict(_named(holder)) if holder.has("messages") else dict(_named(channel.node))
    channel.take(flow, operation, messages)


def _named(holder: Node) -> Iterator[tuple[str, Node]]:
    for name, node in holder.children("messages").items():
        found = node.target()
        if found.value is not None:
            yield _name(found, name), found
