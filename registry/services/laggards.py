"""Who is not there yet and why: subscriptions, oldest report first, and then organisations that have not joined."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from registry.api.v1.onboarding_service_pb2 import Laggard
from registry.api.v1.subscription_pb2 import Subscription
from registry.domain import convergence, subscription

NOT_JOINED, NO_REPORT, ENDING = "NOT_JOINED", "NO_REPORT", "ENDING"
OTHER_RELEASE, IN_PROGRESS = "OTHER_RELEASE", "IN_PROGRESS"


def laggards(late: Iterable[Any], absent: Iterable[str], waiting: Mapping[str, Any], most: int) -> Iterator[Laggard]:
    """At most so many. `late` and `waiting` are rows of subscriptions (`reader.ConvergenceRow`), the latter by body."""
    ordered = sorted(late, key=lambda row: (row.report_time_us, row.name))
    yield from map(_late, ordered[:most])
    yield from (_absent(name, waiting.get(name)) for name in islice(sorted(absent), max(0, most - len(ordered))))


def _late(row: Any) -> Laggard:
    known = Subscription.FromString(row.document).convergence
    return Laggard(
        subscription=row.name,
        state=row.state,
        convergence=known,
        organisation=row.organisation,
        reason=known.last_error.reason or _reason(row),
    )


def _reason(row: Any) -> str:
    if row.state == subscription.ENDING:
        return ENDING
    if not row.phase:
        return NO_REPORT
    return OTHER_RELEASE if row.phase == convergence.PROVEN else IN_PROGRESS


def _absent(name: str, waits: Any | None) -> Laggard:
    """Of one that asked and waits, or that paused, the subscription is told."""
    found = Laggard(organisation=name, reason=NOT_JOINED)
    if waits is not None:
        found.subscription, found.state = waits.name, waits.state
    return found
