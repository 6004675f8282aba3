"""What changes of agreements and of bodies mean for subscriptions: some need wait no longer, some lose their ground."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from google.protobuf.message import Message

from registry.api.v1.agreement_pb2 import Agreement
from registry.api.v1.change_pb2 import Change
from registry.api.v1.subscription_pb2 import Subscription
from registry.domain import admission, agreement, subscription
from registry.domain.filter import And, Comparison
from registry.services.pages import every
from registry.store import Batch, View

Now = Callable[[], datetime]
Work = tuple[Callable[[Batch], Message], tuple[str, ...]]
_WAITS = Comparison("state", "=", "PENDING_APPROVAL", 0)
_RESTS = subscription.AT_WORK | {subscription.SUSPENDED}


def matters(change: Change) -> bool:
    """Whether a change can ask for anything here. An agreement that was recorded for a subscription does not."""
    if change.kind == "agreement":
        return not change.event_type.endswith(".recorded.v1")
    return change.kind == "organisation" and not change.event_type.endswith(".created.v1")


def about_agreement(view: View, name: str, now: Now) -> Iterator[Work]:
    """Whoever waits for it may be let in; whoever rests on it is told its last day, and moves or ends after it."""
    message = Agreement.FromString(view.get(name) or b"")
    if message.state == agreement.ACCEPTED:
        waits = And((Comparison("offering", "=", message.offering, 0), _WAITS))
        yield from _reconsidered(every(view, "subscription", "organisations/-", waits), now)
    rests = Comparison("agreement", "=", name, 0)
    yield from (_followed(each, now) for each in _names(every(view, "subscription", "organisations/-", rests)))


def about_organisation(view: View, name: str, now: Now) -> Iterator[Work]:
    """It may be of a class by now that an agreement covers."""
    yield from _reconsidered(every(view, "subscription", name, _WAITS), now)


def everybody(view: View, now: Now) -> Iterator[Work]:
    """All that wait for their provider: what they wait for may have come."""
    yield from _reconsidered(every(view, "subscription", "organisations/-", _WAITS), now)


def everything(view: View, now: Now) -> Iterator[Work]:
    """All that wait, and all that rest on an agreement: when changes were dropped before they were read."""
    yield from everybody(view, now)
    for document in every(view, "agreement", ""):
        yield from about_agreement(view, Agreement.FromString(document).name, now)


def _names(documents: Iterable[bytes]) -> Iterator[Subscription]:
    return (Subscription.FromString(each) for each in documents)


def _reconsidered(documents: Iterable[bytes], now: Now) -> Iterator[Work]:
    return (_reconsider(each, now) for each in _names(documents))


def _reconsider(known: Subscription, now: Now) -> Work:
    def run(batch: Batch) -> Message:
        message = batch.get(Subscription, known.name) or Subscription()
        if message.state == subscription.PENDING and admission.reconsider(message, batch, now()):
            batch.put(message, "approved")
        return message

    return run, (known.name, known.offering)


def _followed(known: Subscription, now: Now) -> Work:
    def run(batch: Batch) -> Message:
        message = batch.get(Subscription, known.name) or Subscription()
        if message.state in _RESTS and admission.follow(message, batch, now()):
            over = {subscription.ENDED: "ended", subscription.ENDING: "ending"}
            batch.put(message, over.get(message.state, "updated"))
        return message

    return run, (known.name, known.offering, known.agreement)
