"""Rules of agreements: the way through their states, what stays once accepted, and the notice that ends them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from registry.api.v1.agreement_pb2 import Agreement, AgreementState
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import filter as filters
from registry.domain import limits, names, text
from registry.domain.offering import ELIGIBILITY_FIELDS, check_open
from registry.domain.rules import Lookup, Reference, Rules
from registry.domain.violations import Violations
from registry.errors import Invalid, Precondition, RegistryError

_A = AgreementState
PROPOSED, ACCEPTED = _A.AGREEMENT_STATE_PROPOSED, _A.AGREEMENT_STATE_ACCEPTED
ENDED = _A.AGREEMENT_STATE_ENDED
NEXT = {PROPOSED: {ACCEPTED, ENDED}, ACCEPTED: {ENDED}}
CONTENT = ("offering", "terms_version", "party", "party_class", "valid_from", "valid_to", "evidence")


def day_of(now: datetime) -> str:
    """The day of the registry's clock, as days are written."""
    return now.date().isoformat()


def _check(message: Agreement, found: Violations) -> None:
    text.name(message.offering, "offering", "offering", found, required=True)
    if not (message.party or message.party_class):
        found.add("party", "is required, or party_class: say who accepts")
    text.name(message.party, "organisation", "party", found)
    try:
        filters.check(filters.parse(message.party_class), Organisation, ELIGIBILITY_FIELDS)
    except RegistryError as error:
        found.take("party_class", error)
    text.day(message.valid_from, "valid_from", found)
    text.day(message.valid_to, "valid_to", found)
    if message.valid_from and message.valid_to and message.valid_to < message.valid_from:
        found.add("valid_to", "must not lie before valid_from")
    check_evidence(message.evidence, found)


def check_evidence(evidence: str, found: Violations, *, required: bool = False) -> None:
    """A short reference. Errors: LIMIT_EXCEEDED."""
    limits.at_most("evidence bytes", len(evidence.encode()), limits.ANNOTATION_BYTES)
    if required and not evidence.strip():
        found.add("evidence", "is required: say where the acceptance is kept, for example a case number")


def _references(message: Agreement) -> Iterable[Reference]:
    yield Reference("offering", "offering", message.offering)
    if message.party:
        yield Reference("party", "organisation", message.party)


def _fits(after: Agreement, before: Agreement | None, lookup: Lookup, found: Violations) -> None:
    """A proposal takes the terms as they are; what was accepted stays as it was. What is not sent is not changed."""
    if before is not None:
        for field in ("terms_version", "valid_from"):
            setattr(after, field, getattr(after, field) or getattr(before, field))
    if before is not None and before.state != PROPOSED:
        for field in ("valid_to", "evidence"):
            setattr(after, field, getattr(after, field) or getattr(before, field))
        for field in CONTENT:
            if getattr(after, field) != getattr(before, field):
                found.add(field, "cannot change after acceptance: end it, or propose another", "FIELD_IMMUTABLE")
        return
    if before is not None and after.offering != before.offering:
        found.add("offering", "cannot change: propose another agreement", "FIELD_IMMUTABLE")
    terms = (lookup.get(Offering, after.offering) or Offering()).terms
    after.terms_version = after.terms_version or terms.version
    after.notice_days = terms.notice_days
    if after.terms_version != terms.version:
        found.add("terms_version", f"must be {terms.version}, the version of the terms as they are now")


def rewords(message: Agreement, before: Agreement) -> bool:
    """Whether what was proposed is not what it was, whoever signs it. Some fields that are not sent stay."""
    fields = (each for each in CONTENT if before.state == PROPOSED and each != "evidence")
    changed = (each for each in fields if getattr(message, each) != getattr(before, each))
    return any(getattr(message, each) or each not in {"terms_version", "valid_from"} for each in changed)


def place(after: Agreement, before: Agreement | None, lookup: Lookup, now: datetime) -> None:
    """The state of one that is written as a whole: with evidence it is accepted. Errors: as `accept`."""
    after.state = PROPOSED if before is None else before.state
    if after.state == PROPOSED and after.evidence:
        accept(after, after.evidence, lookup, now)


def accept(message: Agreement, evidence: str, lookup: Lookup, now: datetime) -> None:
    """Put it in force. Errors: STATE_TRANSITION_ILLEGAL, also when its last day has passed; TERMS_CHANGED."""
    offering, today = lookup.get(Offering, message.offering) or Offering(), day_of(now)
    if message.valid_to and message.valid_to < today:
        raise _illegal(message, ACCEPTED, f"its last day was {message.valid_to}: propose another")
    _go(message, ACCEPTED)
    check_open(offering)
    if message.terms_version != offering.terms.version:
        versions: dict[str, Any] = {"terms_version": message.terms_version, "current_version": offering.terms.version}
        words = f"{message.name} is on version {message.terms_version} of the terms of {offering.name}, and it is now"
        raise Precondition("TERMS_CHANGED", f"{words} {offering.terms.version}.", name=message.name, **versions)
    message.evidence, message.valid_from = evidence, message.valid_from or today


def end(message: Agreement, last_day: str, now: datetime) -> None:
    """Give notice of it, or withdraw the proposal. Without a day, the earliest that the notice allows.

    Errors: STATE_TRANSITION_ILLEGAL, NOTICE_TOO_SHORT with the earliest day, FIELD_INVALID after the agreed last day.
    """
    if message.state != ACCEPTED:
        _go(message, ENDED)
        return
    earliest = day_of(now + timedelta(days=message.notice_days))
    if message.valid_to:
        earliest = min(earliest, message.valid_to)
    last_day = last_day or earliest
    if last_day < earliest:
        words = f"{message.name} has a notice of {message.notice_days} days: {earliest} is its earliest last day."
        days: dict[str, Any] = {"earliest_time": earliest, "notice_days": message.notice_days}
        raise Precondition("NOTICE_TOO_SHORT", words, name=message.name, **days)
    if message.valid_to and last_day > message.valid_to:
        what = f"must not lie after {message.valid_to}, the last day that is agreed"
        raise Invalid("FIELD_INVALID", f"valid_to {what}.", violations=[("valid_to", what)], field="valid_to")
    message.valid_to = last_day


def expire(message: Agreement, now: datetime) -> bool:
    """End it when its last day has passed; False when it has not."""
    over = message.state == ACCEPTED and message.valid_to != "" and message.valid_to < day_of(now)
    if over:
        _go(message, ENDED)
    return over


def is_recorded(message: Agreement) -> bool:
    """Whether the registry recorded it for a subscription, and nobody wrote it down."""
    return names.is_valid(message.evidence, "subscription")


def _go(message: Agreement, state: "AgreementState.ValueType") -> None:
    if state not in NEXT.get(message.state, set()):
        raise _illegal(message, state, "the way is PROPOSED, ACCEPTED, ENDED")
    message.state = state


def _illegal(message: Agreement, state: "AgreementState.ValueType", why: str) -> Precondition:
    here, there = _A.Name(message.state), _A.Name(state)
    words = f"{message.name} cannot go from {here} to {there}: {why}."
    ends: dict[str, Any] = {"from": here, "to": there}
    return Precondition("STATE_TRANSITION_ILLEGAL", words, name=message.name, **ends)


RULES = Rules(
    noun="agreement",
    kind=Agreement,
    settable=(*CONTENT, "labels", "annotations"),
    check=_check,
    references=_references,
    fits=_fits,
)
