"""What a convergence report means: which ones are taken, and the state that they lead a subscription to."""

import re
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import Convergence, ConvergencePhase, Subscription, SubscriptionState
from registry.domain import limits, names, release, text
from registry.domain.rules import Lookup
from registry.domain.subscription import ACTIVE, AT_WORK, DEGRADED, ENDED, ENDING, PROVISIONING, SUSPENDED, enter
from registry.domain.violations import Violations
from registry.errors import Conflict, Precondition

PROVEN, REMOVED = ConvergencePhase.CONVERGENCE_PHASE_PROVEN, ConvergencePhase.CONVERGENCE_PHASE_REMOVED
_TRACE = re.compile(r"[0-9a-f]{32}")
_REASON = re.compile(r"[A-Z][A-Z0-9_]{0,62}")


def check(observed: Convergence) -> None:
    """Refuse a malformed report, with everything that is wrong."""
    found = Violations()
    text.enum(observed, "phase", found, required=not observed.HasField("last_error"))
    text.name(
        observed.observed_release, "release", "convergence.observed_release", found, required=observed.phase == PROVEN
    )
    if observed.observed_revision < 0 or observed.attempts < 0:
        found.add("convergence", "must have observed_revision and attempts that are not negative")
    limits.at_most("convergence.observed_interfaces", len(observed.observed_interfaces), limits.RELEASE_INTERFACES)
    if not all(map(release.INTERFACE_ID.fullmatch, observed.observed_interfaces)):
        found.add("convergence.observed_interfaces", "must be ids of interfaces of the observed release")
    if observed.trace_id and not _TRACE.fullmatch(observed.trace_id):
        found.add("convergence.trace_id", "must have 32 lower-case hexadecimal digits")
    if observed.HasField("last_error"):
        if not _REASON.fullmatch(observed.last_error.reason):
            found.add("convergence.last_error.reason", "must be in upper snake case, at most 63 characters")
        words(observed.last_error.message, "convergence.last_error.message", found)
    found.refuse()


def words(given: str, field: str, found: Violations) -> None:
    """Words for people that are kept for ever: short, and about no person. Errors: LIMIT_EXCEEDED."""
    limits.at_most(f"{field} bytes", len(given.encode()), limits.ANNOTATION_BYTES)
    text.no_person(given, field, found)


def fits(message: Subscription, observed: Convergence, lookup: Lookup, head: int) -> None:
    """Refuse a report on what does not exist. Errors: REVISION_IN_FUTURE, FIELD_INVALID, REFERENCE_NOT_FOUND."""
    if observed.observed_revision > head:
        told = f"Revision {observed.observed_revision} has not been reached; the newest is {head}."
        revisions: dict[str, Any] = {"requested_revision": observed.observed_revision, "head_revision": head}
        raise Precondition("REVISION_IN_FUTURE", told, **revisions)
    found, name, field = Violations(), observed.observed_release, "convergence.observed_release"
    if name and names.parent(name) != message.offering:
        found.add(field, f"must be a release of {message.offering}")
    elif name and lookup.get(Release, name) is None:
        found.add(field, f"names {name}, which does not exist", "REFERENCE_NOT_FOUND", name=name)
    found.refuse()


def report(message: Subscription, observed: Convergence, now: datetime) -> bool:
    """Take in what the adapter observed; False when it says nothing new (the same report sent again).

    Errors: REPORT_OUTDATED when a newer one is known; STATE_TRANSITION_ILLEGAL when nothing is to be done here.
    """
    _not_older(message, observed)
    if message.state == ENDED and observed.phase == REMOVED:
        return False
    if message.state not in AT_WORK | {ENDING, SUSPENDED}:
        enter(message, PROVISIONING, now, "")
    state = _state_after(message, observed)
    if state == message.state and not _news(message.convergence, observed):
        return False
    _take(message.convergence, observed, now)
    if state != message.state:
        phase = ConvergencePhase.Name(observed.phase).removeprefix("CONVERGENCE_PHASE_")
        enter(message, state, now, observed.last_error.reason or phase)
    return True


def _not_older(message: Subscription, observed: Convergence) -> None:
    ours, known = observed.observed_revision, message.convergence.observed_revision
    if ours < known:
        told = f"A report on revision {known} of {message.name} is known; this one is older."
        revisions: dict[str, Any] = {"observed_revision": ours, "known_revision": known}
        raise Conflict("REPORT_OUTDATED", told, name=message.name, **revisions)


def _news(known: Convergence, observed: Convergence) -> bool:
    """Whether it differs in what the adapter tells. Clears what only the registry may tell."""
    before = Convergence()
    before.CopyFrom(known)
    for each in (before, observed):
        each.ClearField("report_time")
        each.ClearField("proven_time")
    return before != observed


def _take(known: Convergence, observed: Convergence, now: datetime) -> None:
    """Put the report in. The time of the first proof stays for as long as the target has the same release."""
    proven = Timestamp()
    if known.observed_release == observed.observed_release:
        proven.CopyFrom(known.proven_time)
    known.CopyFrom(observed)
    known.report_time.FromDatetime(now)
    if observed.phase == PROVEN and proven == Timestamp():
        proven.CopyFrom(known.report_time)
    known.ClearField("proven_time")
    if proven != Timestamp():
        known.proven_time.CopyFrom(proven)


def onboarded(message: Subscription, lookup: Lookup) -> list[float]:
    """Seconds from publication to proof, when the report just taken in is the first proof of its release; else none.

    Counted from the subscription where that is the later one, as in the convergence view.
    """
    known = message.convergence
    if known.phase != PROVEN or known.proven_time != known.report_time:
        return []
    published = lookup.get(Release, known.observed_release)
    start = max(published.publish_time.ToMicroseconds() if published else 0, message.create_time.ToMicroseconds())
    return [max(0, known.proven_time.ToMicroseconds() - start) / 1_000_000]


def _state_after(message: Subscription, observed: Convergence) -> "SubscriptionState.ValueType":
    if message.state == SUSPENDED:
        return SUSPENDED
    if message.state == ENDING:
        return ENDED if observed.phase == REMOVED else ENDING
    if observed.HasField("last_error"):
        return DEGRADED if message.state in {ACTIVE, DEGRADED} else PROVISIONING
    if observed.phase == PROVEN:
        return ACTIVE
    return ACTIVE if message.state == ACTIVE and observed.phase != REMOVED else PROVISIONING
