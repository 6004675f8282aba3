"""Rules of subscriptions: what they name, one for each system and offering, and the way through the states."""

from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from registry.api.v1.subscription_pb2 import Subscription, SubscriptionState
from registry.api.v1.system_pb2 import System
from registry.domain import limits, names, text
from registry.domain.filter import And, Comparison, Node
from registry.domain.interest import check_system
from registry.domain.rules import Lookup, Reference, Rules
from registry.domain.violations import Violations
from registry.errors import AlreadyExists, Precondition

_S = SubscriptionState
REQUESTED, PENDING = _S.SUBSCRIPTION_STATE_REQUESTED, _S.SUBSCRIPTION_STATE_PENDING_APPROVAL
APPROVED, PROVISIONING = _S.SUBSCRIPTION_STATE_APPROVED, _S.SUBSCRIPTION_STATE_PROVISIONING
ACTIVE, DEGRADED = _S.SUBSCRIPTION_STATE_ACTIVE, _S.SUBSCRIPTION_STATE_DEGRADED
SUSPENDED, ENDING = _S.SUBSCRIPTION_STATE_SUSPENDED, _S.SUBSCRIPTION_STATE_ENDING
ENDED, REJECTED = _S.SUBSCRIPTION_STATE_ENDED, _S.SUBSCRIPTION_STATE_REJECTED
AT_WORK = {APPROVED, PROVISIONING, ACTIVE, DEGRADED}
OVER = {ENDED, REJECTED}
LIVE = AT_WORK | {ENDING}
NO_RELEASE = "the offering has no release left"
NEXT = {
    REQUESTED: {PENDING, APPROVED, REJECTED, ENDED},
    PENDING: {APPROVED, REJECTED, ENDED},
    APPROVED: {PROVISIONING, ACTIVE, DEGRADED, SUSPENDED, ENDING, ENDED},
    PROVISIONING: {ACTIVE, DEGRADED, SUSPENDED, ENDING},
    ACTIVE: {PROVISIONING, DEGRADED, SUSPENDED, ENDING},
    DEGRADED: {PROVISIONING, ACTIVE, SUSPENDED, ENDING},
    SUSPENDED: {APPROVED, ENDING},
    ENDING: {ENDED},
}


def _check(message: Subscription, found: Violations) -> None:
    text.name(message.offering, "offering", "offering", found, required=True)
    text.name(message.system, "system", "system", found, required=True)
    text.enum(message, "environment", found)
    text.name(message.interest, "interest", "interest", found)
    text.name(message.agreement, "agreement", "agreement", found)


def _fits(after: Subscription, before: Subscription | None, lookup: Lookup, found: Violations) -> None:
    check_system(after.system, names.parent(after.name), lookup, found)
    system = lookup.get(System, after.system)
    if before is None and system is not None:
        after.environment = after.environment or system.environment
        if after.environment != system.environment:
            found.add("environment", "must be that of the system")


def check_single(message: Subscription, lookup: Lookup) -> None:
    """Refuse a second one of the same system for the same offering. Errors: RESOURCE_ALREADY_EXISTS with the first."""
    for other in lookup.select(Subscription, same(message.offering, message.system), parent=names.parent(message.name)):
        if other.state not in OVER:
            words = f"{message.system} has {message.offering} by {other.name} already: end that one first, or use it."
            raise AlreadyExists("RESOURCE_ALREADY_EXISTS", words, name=other.name)


def same(offering: str, system: str) -> Node:
    """Subscriptions of a system for an offering."""
    return And((Comparison("offering", "=", offering, 0), Comparison("system", "=", system, 0)))


def enter(message: Subscription, state: "SubscriptionState.ValueType", now: datetime, reason: str) -> None:
    """Go to a state. Errors: STATE_TRANSITION_ILLEGAL."""
    if message.state and state not in NEXT.get(message.state, set()):
        raise _illegal(message, state)
    message.state = state
    time = Timestamp()
    time.FromDatetime(now)
    message.steps.add(state=state, time=time, reason=reason)
    del message.steps[: -limits.SUBSCRIPTION_STEPS]


def check_waiting(message: Subscription) -> None:
    """Refuse to let in one that does not wait. Errors: STATE_TRANSITION_ILLEGAL, also for one that is paused."""
    if message.state not in {REQUESTED, PENDING}:
        raise _illegal(message, APPROVED)


def resume(message: Subscription, now: datetime) -> None:
    """Bring back one that is paused. Errors: STATE_TRANSITION_ILLEGAL."""
    if message.state != SUSPENDED:
        raise _illegal(message, APPROVED)
    enter(message, APPROVED, now, "resumed")


def _illegal(message: Subscription, state: "SubscriptionState.ValueType") -> Precondition:
    here, there = _S.Name(message.state), _S.Name(state)
    allowed = ", ".join(sorted(map(_S.Name, NEXT.get(message.state, set())))) or "nothing"
    words = f"{message.name} cannot go from {here} to {there}: from here the way leads to {allowed}."
    ends: dict[str, Any] = {"from": here, "to": there}
    return Precondition("STATE_TRANSITION_ILLEGAL", words, name=message.name, **ends)


def end(message: Subscription, now: datetime, reason: str) -> None:
    """Let it leave the gateway; at once when it never got there. Errors: STATE_TRANSITION_ILLEGAL."""
    waits = message.state in {REQUESTED, PENDING}
    untouched = message.state == APPROVED and not message.convergence.phase
    enter(message, ENDED if waits or untouched else ENDING, now, reason)


def left_for_lack(message: Subscription) -> bool:
    """Whether it ended because there was nothing left to use, and not because somebody wanted it to end."""
    return any(step.state in {ENDING, ENDED} and step.reason == NO_RELEASE for step in message.steps)


RULES = Rules(
    noun="subscription",
    kind=Subscription,
    settable=("offering", "system", "environment", "agreement", "interest", "labels", "annotations"),
    immutable=("offering", "system", "environment"),
    check=_check,
    references=lambda message: [
        Reference("parent", "organisation", names.parent(message.name)),
        Reference("offering", "offering", message.offering),
        Reference("system", "system", message.system),
        *([Reference("interest", "interest", message.interest)] if message.interest else []),
        *([Reference("agreement", "agreement", message.agreement)] if message.agreement else []),
    ],
    fits=_fits,
)
