"""Rules of subscriptions: who is let in, the way through the states, and what a convergence report means."""

from typing import Any
import re
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from registry.api.v1.offering_pb2 import ApprovalMode, Offering
from registry.api.v1.organisation_pb2 import Organisation
from registry.api.v1.subscription_pb2 import Convergence, ConvergencePhase, Subscription, SubscriptionState
from registry.api.v1.system_pb2 import System
from registry.domain import limits, names, text
from registry.domain.interest import check_system
from registry.domain.offering import check_eligible, check_open
from registry.domain.rules import Lookup, Reference, Rules
from registry.domain.violations import Violations
from registry.errors import Conflict, Precondition

_S, _P = SubscriptionState, ConvergencePhase
REQUESTED, PENDING = _S.SUBSCRIPTION_STATE_REQUESTED, _S.SUBSCRIPTION_STATE_PENDING_APPROVAL
APPROVED, PROVISIONING = _S.SUBSCRIPTION_STATE_APPROVED, _S.SUBSCRIPTION_STATE_PROVISIONING
ACTIVE, DEGRADED = _S.SUBSCRIPTION_STATE_ACTIVE, _S.SUBSCRIPTION_STATE_DEGRADED
SUSPENDED, ENDING = _S.SUBSCRIPTION_STATE_SUSPENDED, _S.SUBSCRIPTION_STATE_ENDING
ENDED, REJECTED = _S.SUBSCRIPTION_STATE_ENDED, _S.SUBSCRIPTION_STATE_REJECTED
PROVEN, REMOVED = _P.CONVERGENCE_PHASE_PROVEN, _P.CONVERGENCE_PHASE_REMOVED
AT_WORK = {APPROVED, PROVISIONING, ACTIVE, DEGRADED}
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
_TRACE = re.compile(r"[0-9a-f]{32}")


def _check(message: Subscription, found: Violations) -> None:
    text.name(message.offering, "offering", "offering", found, required=True)
    text.name(message.system, "system", "system", found, required=True)
    text.enum(message, "environment", found)
    text.name(message.interest, "interest", "interest", found)
    if message.agreement:
        found.add("agreement", "must be empty: agreements are not served yet")


def _fits(after: Subscription, before: Subscription | None, lookup: Lookup, found: Violations) -> None:
    check_system(after.system, names.parent(after.name), lookup, found)
    system = lookup.get(System, after.system)
    if before is None and system is not None:
        after.environment = after.environment or system.environment
        if after.environment != system.environment:
            found.add("environment", "must be that of the system")


def admit(message: Subscription, lookup: Lookup, now: datetime, *, ask: bool = False) -> None:
    """The first state of a new one: APPROVED when the terms let it in by themselves, else PENDING_APPROVAL.

    With `ask` it stays REQUESTED until the organisation itself decides. Errors: NOT_ELIGIBLE; a withdrawn offering.
    """
    offering = lookup.get(Offering, message.offering) or Offering()
    organisation = lookup.get(Organisation, names.parent(message.name)) or Organisation()
    check_open(offering)
    check_eligible(offering, organisation)
    enter(message, REQUESTED, now, "asked for")
    if ask:
        return
    if offering.terms.approval == ApprovalMode.APPROVAL_MODE_AUTOMATIC:
        enter(message, APPROVED, now, "the terms approve whoever is eligible")
    else:
        enter(message, PENDING, now, "the provider decides")


def enter(message: Subscription, state: "SubscriptionState.ValueType", now: datetime, reason: str) -> None:
    """Go to a state. Errors: STATE_TRANSITION_ILLEGAL."""
    if message.state and state not in NEXT.get(message.state, set()):
        here, there = _S.Name(message.state), _S.Name(state)
        allowed = ", ".join(sorted(map(_S.Name, NEXT.get(message.state, set())))) or "nothing"
        words = f"{message.name} cannot go from {here} to {there}: from here the way leads to {allowed}."
        ends: dict[str, Any] = {"from": here, "to": there}
        raise Precondition("STATE_TRANSITION_ILLEGAL", words, name=message.name, **ends)
    message.state = state
    time = Timestamp()
    time.FromDatetime(now)
    message.steps.add(state=state, time=time, reason=reason)
    del message.steps[: -limits.SUBSCRIPTION_STEPS]


def end(message: Subscription, now: datetime, reason: str) -> None:
    """Let it leave the gateway; at once when it never got there. Errors: STATE_TRANSITION_ILLEGAL."""
    waits = message.state in {REQUESTED, PENDING}
    untouched = message.state == APPROVED and not message.convergence.phase
    enter(message, ENDED if waits or untouched else ENDING, now, reason)


def report(message: Subscription, observed: Convergence, now: datetime) -> bool:
    """Take in what the adapter observed; False when it says nothing new (the same report sent again).

    Errors: REPORT_OUTDATED when a newer one is known; STATE_TRANSITION_ILLEGAL when nothing is to be done here.
    """
    known = message.convergence
    if observed.observed_revision < known.observed_revision:
        words = f"A report on revision {known.observed_revision} of {message.name} is known; this one is older."
        numbers: dict[str, Any] = {
            "observed_revision": observed.observed_revision,
            "known_revision": known.observed_revision,
        }
        raise Conflict("REPORT_OUTDATED", words, name=message.name, **numbers)
    if message.state not in AT_WORK | {ENDING}:
        enter(message, PROVISIONING, now, "")
    before, proven_time = Convergence(), known.proven_time
    before.CopyFrom(known)
    for field in ("report_time", "proven_time"):
        before.ClearField(field)
        observed.ClearField(field)
    state = _state_after(message, observed)
    if before == observed and state == message.state:
        return False
    same = known.phase == PROVEN and known.observed_release == observed.observed_release
    kept = Timestamp()
    kept.CopyFrom(proven_time)
    known.CopyFrom(observed)
    known.report_time.FromDatetime(now)
    if observed.phase == PROVEN:
        known.proven_time.CopyFrom(kept if same else known.report_time)
    if state != message.state:
        enter(
            message,
            state,
            now,
            observed.last_error.reason or _P.Name(observed.phase).removeprefix("CONVERGENCE_PHASE_"),
        )
    return True


def _state_after(message: Subscription, observed: Convergence) -> "SubscriptionState.ValueType":
    if message.state == ENDING:
        return ENDED if observed.phase == REMOVED else ENDING
    if observed.last_error.reason:
        return DEGRADED if message.state in {ACTIVE, DEGRADED} else PROVISIONING
    if observed.phase == PROVEN:
        return ACTIVE
    return message.state if message.state == ACTIVE else PROVISIONING


def check_report(observed: Convergence) -> None:
    """Refuse a malformed report, with everything that is wrong."""
    found = Violations()
    text.enum(observed, "phase", found, required=not observed.last_error.reason)
    text.name(
        observed.observed_release, "release", "convergence.observed_release", found, required=observed.phase == PROVEN
    )
    if observed.observed_revision < 0 or observed.attempts < 0:
        found.add("convergence", "must have observed_revision and attempts that are not negative")
    if observed.trace_id and not _TRACE.fullmatch(observed.trace_id):
        found.add("convergence.trace_id", "must have 32 lower-case hexadecimal digits")
    limits.at_most(
        "convergence.last_error.message bytes", len(observed.last_error.message.encode()), limits.ANNOTATION_BYTES
    )
    found.refuse()


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
    ],
    fits=_fits,
)
