"""What a page of the ledger asks for: subscriptions to create, to let in, or to end. Every effect can be repeated."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from google.protobuf.message import Message

from registry.api.v1.change_pb2 import Change
from registry.api.v1.interest_pb2 import Interest
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import Subscription
from registry.api.v1.system_pb2 import System
from registry.domain import filter as filters
from registry.domain import interest as interests
from registry.domain import names, offering, release, subscription
from registry.domain.filter import Comparison
from registry.services import admission, waiting
from registry.services.pages import every
from registry.services.standing import Standing, wants
from registry.store import Batch, View

KINDS = ("agreement", "interest", "offering", "organisation", "release")
FOR_ALL = {release.PUBLISHED, release.DEPRECATED}
ENDABLE = {*subscription.AT_WORK, subscription.REQUESTED, subscription.PENDING, subscription.SUSPENDED}
Now = Callable[[], datetime]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Effect:
    """Work for the open batch, which decides anew when it runs; `traceparent` is that of the change behind it."""

    run: Callable[[Batch], Message]
    reads: tuple[str, ...]
    traceparent: str


def due(view: View, changes: Sequence[Change], standing: Standing, now: Now) -> Iterator[Effect]:
    """What changes ask for, as things are now. A deletion asks for nothing."""
    newest = {_subject(change): change for change in changes if matters(change, standing)}
    for name, change in newest.items():
        if change.kind in {"offering", "release"}:
            yield from _about(view, name, change.traceparent, standing, now)
            continue
        about = {"agreement": waiting.about_agreement, "organisation": waiting.about_organisation}.get(change.kind)
        yield from (Effect(*work, change.traceparent) for work in (about(view, name, now) if about else ()))
        for order, needs in standing.of_name(name):
            yield from _ordered(view, order, needs, change.traceparent, now)


def everything(view: View, standing: Standing, now: Now) -> Iterator[Effect]:
    """What all offerings ask for: when changes were dropped before they were read."""
    for document in every(view, "offering", ""):
        yield from _about(view, Offering.FromString(document).name, "", standing, now)
    yield from (Effect(*work, "") for work in waiting.everything(view, now))


def _subject(change: Change) -> str:
    return names.parent(change.name) if change.kind == "release" else change.name


def matters(change: Change, standing: Standing) -> bool:
    """Whether a change can ask for anything. An interest that is gone does, of whoever remembers it."""
    if change.kind not in KINDS or not (change.etag or change.kind == "interest"):
        return False
    if change.kind == "agreement" or waiting.matters(change):
        return waiting.matters(change)
    if change.kind == "organisation":
        return bool(standing.of_name(change.name))
    message = change.resource.offering
    if change.kind != "offering" or message.state == offering.WITHDRAWN:
        return True
    return any(standing.wanting(message))


def _about(view: View, name: str, traceparent: str, standing: Standing, now: Now) -> Iterator[Effect]:
    """Whoever wants the offering may have it; whoever has it and finds no release to use lets it go."""
    document = view.get(name)
    if document is None:
        return
    message, states = Offering.FromString(document), _states(view, name)
    for order in standing.wanting(message) if states else ():
        yield _join(order, name, states, traceparent, now)
    if message.state == offering.WITHDRAWN or (release.RETIRED in states and not states & FOR_ALL):
        for each in every(view, "subscription", "organisations/-", Comparison("offering", "=", name, 0)):
            known = Subscription.FromString(each)
            if known.state in ENDABLE and not _usable(message, states, known):
                yield _leave(known.name, name, traceparent, now)


def _ordered(view: View, order: Interest, needs: filters.Node | None, traceparent: str, now: Now) -> Iterator[Effect]:
    """What the interest wants of the offerings there are that have what it needs."""
    for document in every(view, "offering", "", needs):
        message = Offering.FromString(document)
        if wants(order, message) and (states := _states(view, message.name)):
            yield _join(order, message.name, states, traceparent, now)


def _join(order: Interest, name: str, states: set[int], traceparent: str, now: Now) -> Effect:
    organisation = names.parent(order.name)

    def run(batch: Batch) -> Message:
        interest, message = batch.get(Interest, order.name), batch.get(Offering, name)
        if interest is None or message is None or not wants(interest, message):
            return Subscription()
        earlier = batch.select(Subscription, subscription.same(name, interest.system), parent=organisation)
        if live := [each for each in earlier if each.state not in subscription.OVER]:
            return _let_in(batch, interest, live[0], now())
        environment = (batch.get(System, interest.system) or System()).environment
        wanted = Subscription(name=_name(order.name, name, len(earlier)), offering=name, system=interest.system)
        wanted.interest, wanted.environment = order.name, environment
        if not _usable(message, states, wanted) or not _may_come(interest, earlier):
            return Subscription()
        admission.admit(batch, wanted, now(), ask=interest.mode == interests.PROPOSE)
        batch.put(wanted, "created")
        return wanted

    return Effect(run, (order.name, name, organisation, order.system, _name(order.name, name, 0)), traceparent)


def _let_in(batch: Batch, interest: Interest, live: Subscription, now: datetime) -> Message:
    """What this interest once proposed, it now asks for."""
    proposed = live.interest == interest.name and live.state == subscription.REQUESTED
    if proposed and interest.mode == interests.JOIN:
        admission.let_in(batch, live, now)
        batch.put(live, "approved" if live.state == subscription.APPROVED else "updated")
    return live


def _may_come(interest: Interest, earlier: Iterable[Subscription]) -> bool:
    """No decision stands against it: earlier ones ended for lack of a release, or the interest is younger than they."""
    born = interest.create_time.ToMicroseconds()
    return all(subscription.left_for_lack(each) or born > each.update_time.ToMicroseconds() for each in earlier)


def _leave(wanted: str, name: str, traceparent: str, now: Now) -> Effect:
    def run(batch: Batch) -> Message:
        message, owner = batch.get(Subscription, wanted), batch.get(Offering, name) or Offering()
        states = {int(each.state) for each in batch.select(Release, None, parent=name)}
        if message is None or message.state not in ENDABLE or _usable(owner, states, message):
            return Subscription()
        withdrawn = owner.state == offering.WITHDRAWN
        subscription.end(message, now(), "the offering is withdrawn" if withdrawn else subscription.NO_RELEASE)
        batch.put(message, "ended" if message.state == subscription.ENDED else "ending")
        return message

    return Effect(run, (wanted, name), traceparent)


def _usable(owner: Offering, states: Iterable[int], message: Subscription) -> bool:
    """Whether there is something to use for it."""
    return owner.state != offering.WITHDRAWN and any(release.serves(state, message.environment) for state in states)


def _name(order: str, name: str, earlier: int) -> str:
    """The name of the subscription that an interest makes; each new one after an ended one has its own."""
    text = f"{order} {name} {earlier}" if earlier else f"{order} {name}"
    segment = f"{names.last(name)[:40].rstrip('-')}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return names.child("subscription", names.parent(order), segment)


def _states(view: View, name: str) -> set[int]:
    return {int(Release.FromString(each).state) for each in every(view, "release", name)}
