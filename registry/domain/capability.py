"""Rules of capabilities: a tree of at most four levels, and retirement from the leaves."""

from typing import Any

from registry.api.v1.capability_pb2 import Capability, CapabilityState
from registry.domain import limits, text
from registry.domain.filter import Comparison
from registry.domain.rules import Lookup, Reference, Rules
from registry.domain.violations import Violations
from registry.errors import Precondition

ACTIVE, RETIRED = CapabilityState.CAPABILITY_STATE_ACTIVE, CapabilityState.CAPABILITY_STATE_RETIRED


def _complete(message: Capability) -> None:
    message.state = message.state or ACTIVE


def _check(message: Capability, found: Violations) -> None:
    text.title(message.title, "title", found)
    text.name(message.parent, "capability", "parent", found)
    limits.at_most("same_as", len(message.same_as), limits.SAME_AS)
    for url in message.same_as:
        if not text.is_web_url(url):
            found.add("same_as", "must hold absolute http(s) URLs")


def _fits(after: Capability, before: Capability | None, lookup: Lookup, found: Violations) -> None:
    levels, above = 1, after.parent
    while above and above != after.name and levels <= limits.CAPABILITY_LEVELS:
        levels += 1
        broader = lookup.get(Capability, above)
        above = broader.parent if broader else ""
    broader = lookup.get(Capability, after.parent) if after.parent else None
    if broader is not None and broader.state == RETIRED and (before is None or before.parent != after.parent):
        found.add("parent", f"names {after.parent}, which is retired: choose another")
    if above == after.name:
        found.add("parent", "must not lead back to the capability itself")
    elif before is not None and before.parent != after.parent:
        levels += _depth_below(after.name, lookup)
    if levels > limits.CAPABILITY_LEVELS:
        found.add(
            "parent",
            f"makes a tree of more than {limits.CAPABILITY_LEVELS} levels",
            "LIMIT_EXCEEDED",
            limit="capability levels",
            maximum=limits.CAPABILITY_LEVELS,
            actual=levels,
        )


def _depth_below(name: str, lookup: Lookup, level: int = 0) -> int:
    if level > limits.CAPABILITY_LEVELS:
        return level
    narrower = lookup.select(Capability, Comparison("parent", "=", name, 0))
    return max((_depth_below(child.name, lookup, level + 1) for child in narrower), default=level)


def retire(message: Capability, lookup: Lookup) -> None:
    """Take it out of use. Errors: STATE_TRANSITION_ILLEGAL when it is, or while active ones stand below it."""
    state: dict[str, Any] = {"from": CapabilityState.Name(message.state), "to": "CAPABILITY_STATE_RETIRED"}
    if message.state == RETIRED:
        raise Precondition("STATE_TRANSITION_ILLEGAL", f"{message.name} is retired.", name=message.name, **state)
    for child in lookup.select(Capability, Comparison("parent", "=", message.name, 0)):
        if child.state == ACTIVE:
            text_ = f"{message.name} has active capabilities below it: retire or move {child.name} first."
            raise Precondition("STATE_TRANSITION_ILLEGAL", text_, name=message.name, blocked_by=child.name, **state)
    message.state = RETIRED


RULES = Rules(
    noun="capability",
    kind=Capability,
    settable=("title", "parent", "same_as", "labels", "annotations"),
    complete=_complete,
    check=_check,
    references=lambda message: [Reference("parent", "capability", message.parent)] if message.parent else [],
    fits=_fits,
)
