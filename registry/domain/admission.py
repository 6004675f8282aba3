"""Who is let in: eligibility, environment and terms, and in production the agreement that a subscription rests on."""

from datetime import datetime

from registry.api.v1.agreement_pb2 import Agreement
from registry.api.v1.environment_pb2 import Environment
from registry.api.v1.offering_pb2 import ApprovalMode, Offering
from registry.api.v1.organisation_pb2 import Organisation
from registry.api.v1.subscription_pb2 import Subscription
from registry.domain import names, subscription
from registry.domain.agreement import ACCEPTED, day_of
from registry.domain.covering import check_covering, covering, in_force
from registry.domain.offering import check_eligible, check_open
from registry.domain.rules import Lookup
from registry.domain.subscription import APPROVED, PENDING, REQUESTED, enter

TRIALS = {Environment.ENVIRONMENT_SANDBOX, Environment.ENVIRONMENT_TEST}


def admit(message: Subscription, lookup: Lookup, now: datetime, *, ask: bool = False) -> Agreement | None:
    """The first state of a new one: APPROVED when nobody needs to decide, else PENDING_APPROVAL.

    With `ask` it stays REQUESTED until the organisation itself decides. Answers the agreement that joining makes, for
    the registry to name and keep. Errors: NOT_ELIGIBLE; a withdrawn offering; AGREEMENT_NOT_COVERING for a named one.
    """
    offering, organisation = _open_to(message, lookup)
    enter(message, REQUESTED, now, "asked for")
    return None if ask else _decide(message, offering, organisation, lookup, now)


def let_in(message: Subscription, lookup: Lookup, now: datetime) -> Agreement | None:
    """The organisation wants the one that was proposed to it. Errors and answer: as `admit`."""
    return _decide(message, *_open_to(message, lookup), lookup, now)


def approve(message: Subscription, lookup: Lookup, now: datetime) -> Agreement | None:
    """The provider lets one in that waits; answers the agreement that this makes. Errors: STATE_TRANSITION_ILLEGAL."""
    subscription.check_waiting(message)
    enter(message, APPROVED, now, "approved")
    offering, organisation = _parties(message, lookup)
    if message.environment in TRIALS or _rest(message, covering(organisation, offering, lookup, day_of(now))):
        return None
    return _made(message, offering, now)


def reconsider(message: Subscription, lookup: Lookup, now: datetime) -> bool:
    """Let in one that waits for the provider, if an agreement covers it by now; False when none does."""
    offering, organisation = _open_to(message, lookup)
    held = covering(organisation, offering, lookup, day_of(now))
    if message.state != PENDING or held is None:
        return False
    _rest(message, held)
    enter(message, APPROVED, now, f"{held.name} covers it")
    return True


def follow(message: Subscription, lookup: Lookup, now: datetime) -> bool:
    """What becomes of one whose agreement has changed; False when nothing does.

    It goes on to the agreement's last day; then it moves to another that covers it, or ends.
    """
    held = lookup.get(Agreement, message.agreement) or Agreement()
    if in_force(held, day_of(now)):
        before = message.valid_to
        return _rest(message, held) and message.valid_to != before
    offering, organisation = _parties(message, lookup)
    if not _rest(message, covering(organisation, offering, lookup, day_of(now))):
        subscription.end(message, now, f"{held.name} ended on {held.valid_to}")
    return True


def _parties(message: Subscription, lookup: Lookup) -> tuple[Offering, Organisation]:
    offering = lookup.get(Offering, message.offering) or Offering()
    return offering, lookup.get(Organisation, names.parent(message.name)) or Organisation()


def _open_to(message: Subscription, lookup: Lookup) -> tuple[Offering, Organisation]:
    offering, organisation = _parties(message, lookup)
    check_open(offering)
    check_eligible(offering, organisation)
    return offering, organisation


def _decide(
    message: Subscription, offering: Offering, organisation: Organisation, lookup: Lookup, now: datetime
) -> Agreement | None:
    held, today = None, day_of(now)
    if message.agreement:
        held = lookup.get(Agreement, message.agreement) or Agreement(name=message.agreement)
        check_covering(held, organisation, offering, today)
        _rest(message, held)
    if message.environment in TRIALS:
        enter(message, APPROVED, now, "outside production nobody needs to approve")
    elif _rest(message, held := held or covering(organisation, offering, lookup, today)):
        enter(message, APPROVED, now, f"{message.agreement} covers it")
    elif offering.terms.approval == ApprovalMode.APPROVAL_MODE_AUTOMATIC:
        enter(message, APPROVED, now, "the terms approve whoever is eligible")
        return _made(message, offering, now)
    else:
        enter(message, PENDING, now, "the provider decides")
    return None


def _rest(message: Subscription, held: Agreement | None) -> bool:
    """Let it rest on the agreement; False when there is none."""
    if held is not None:
        message.agreement, message.valid_to = held.name, held.valid_to
    return held is not None


def _made(message: Subscription, offering: Offering, now: datetime) -> Agreement:
    """The agreement between the provider and the organisation that this subscription is evidence of."""
    return Agreement(
        offering=offering.name,
        terms_version=offering.terms.version,
        notice_days=offering.terms.notice_days,
        party=names.parent(message.name),
        valid_from=day_of(now),
        state=ACCEPTED,
        evidence=message.name,
    )
