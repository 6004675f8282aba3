"""Letting subscriptions in: what the rules decide, with the agreement that it makes kept in the same commit."""

from datetime import datetime

from registry.api.v1.agreement_pb2 import Agreement
from registry.api.v1.subscription_pb2 import Subscription
from registry.domain import admission, names
from registry.services.drawn import drawn
from registry.store import Batch


def admit(batch: Batch, message: Subscription, now: datetime, *, ask: bool = False) -> None:
    """Give a new one its first state. Errors: as the rule of that name; then nothing is staged."""
    _keep(batch, message, admission.admit(message, batch, now, ask=ask))


def let_in(batch: Batch, message: Subscription, now: datetime) -> None:
    """Let in one that was proposed to its organisation. Errors: as `admit`."""
    _keep(batch, message, admission.let_in(message, batch, now))


def approve(batch: Batch, message: Subscription, now: datetime) -> None:
    """Let in one that waits for the provider. Errors: STATE_TRANSITION_ILLEGAL."""
    _keep(batch, message, admission.approve(message, batch, now), by_provider=True)


def _keep(batch: Batch, message: Subscription, made: Agreement | None, *, by_provider: bool = False) -> None:
    """The agreement first: what names it comes after it in the ledger."""
    if made is not None:
        made.name = message.agreement = names.child("agreement", "", drawn())
        batch.put(made, "accepted" if by_provider else "recorded")
