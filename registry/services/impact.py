"""What a change means: the verdicts, the agreed subscriptions that it hits, and when it may lawfully come for each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from registry.api.v1.agreement_pb2 import Agreement
from registry.api.v1.impact_pb2 import AffectedSubscription, Impact
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import Subscription
from registry.contracts import guidelines, interfaces
from registry.domain import names, release, subscription, version_step
from registry.domain.filter import Comparison
from registry.semver import precedence
from registry.services.pages import every
from registry.services.similar import Shelf
from registry.store import View

MOST = 1000
AGREED = subscription.LIVE | {subscription.SUSPENDED}
# Ids of the interfaces through which a subscription is hit, or None when it is not.
Hit = Callable[[Subscription], Sequence[str] | None]


def of(view: View, after: Offering | Release, now: datetime, shelf: Shelf | None = None) -> Impact:
    """Of declaring, changing or publishing. The view is of before the change; many of one request share a shelf."""
    if isinstance(after, Release):
        return of_release(view, after, now)
    stored = view.get(after.name)
    before = Offering.FromString(stored) if stored is not None else None
    return of_offering(view, before, after, now, shelf or Shelf(view))


def of_release(view: View, after: Release, now: datetime) -> Impact:
    """Of publishing: whoever uses an interface that breaks is hit."""
    impact = Impact(verdicts=after.verdicts, lint=after.lint, demands=interfaces.demands(after.verdicts))
    base = next((each.base for each in after.verdicts if each.base), "")
    if base and (stored := view.get(base)) is not None:
        impact.takes = version_step.step(Release.FromString(stored).version, after.version)
    impact.refused = not release.is_step_enough(after, impact.takes)
    broken = [each.interface for each in after.verdicts if each.outcome == interfaces.BREAKING]

    def hit(used: Subscription) -> Sequence[str] | None:
        return _used(used, broken) or None

    return _hitting(impact, _affected(view, names.parent(after.name), hit, now) if broken else (), now)


def of_end(view: View, after: Release, now: datetime) -> Impact:
    """Of deprecating or retiring a release: whoever uses it is hit. Their notice runs from its deprecation."""
    ending, offering = Release.FromString(view.get(after.name) or b""), names.parent(after.name)
    known = (Release.FromString(each) for each in every(view, "release", offering))
    newer = [each for each in known if precedence(each.version) > precedence(ending.version)]
    is_newest = not any(each.state == release.PUBLISHED for each in newer)
    offered = [each.id for each in ending.interfaces]

    def hit(used: Subscription) -> Sequence[str] | None:
        observed = used.convergence.observed_release
        is_used = observed == ending.name or (not observed and is_newest)
        return _used(used, offered) if is_used else None

    start = ending.update_time.ToDatetime(now.tzinfo) if ending.state == release.DEPRECATED else now
    impact = _hitting(Impact(), _affected(view, offering, hit, start), start)
    if after.sunset_time.ToMicroseconds() > impact.earliest_time.ToMicroseconds():
        impact.earliest_time.CopyFrom(after.sunset_time)
    return impact


def of_offering(view: View, before: Offering | None, after: Offering, now: datetime, shelf: Shelf) -> Impact:
    """Of declaring or changing an offering: other terms, or its end, are news for all who have joined.

    One that is new is held beside those that are there.
    """
    impact = Impact(lint=guidelines.offering(after), similar=shelf.similar(after) if before is None else ())
    is_news = before is not None and (before.terms != after.terms or before.state != after.state)
    return _hitting(impact, _affected(view, after.name, lambda _: (), now) if is_news else (), now)


def _used(used: Subscription, offered: Sequence[str]) -> list[str]:
    """Those of the interfaces that the subscriber's target serves; all of them while it has not said."""
    served = used.convergence.observed_interfaces
    return [each for each in offered if not served or each in served]


def _hitting(impact: Impact, found: Iterable[AffectedSubscription], now: datetime) -> Impact:
    """With those that it hits; it may come when the notice of the last one is over."""
    affected = sorted(found, key=lambda each: each.subscription)
    impact.subscriptions.extend(affected[:MOST])
    impact.omitted = max(0, len(affected) - MOST)
    impact.organisations = len({each.organisation for each in affected})
    days = max((each.notice_days for each in affected), default=0)
    impact.earliest_time.FromDatetime(now + timedelta(days=days))
    return impact


def _affected(view: View, offering: str, hit: Hit, now: datetime) -> Iterator[AffectedSubscription]:
    """The agreed subscriptions of the offering that are hit. Notice is promised by the agreement, else by the terms."""
    promised = _promised(view, offering)
    usual = Offering.FromString(view.get(offering) or b"").terms.notice_days
    for row in view.convergence(offering):
        used = Subscription.FromString(row.document)
        through = hit(used) if row.state in AGREED else None
        if through is None:
            continue
        days = promised.get(used.agreement, usual)
        found = AffectedSubscription(
            subscription=row.name,
            organisation=row.organisation,
            environment=used.environment,
            interfaces=through,
            release=row.observed_release,
            notice_days=days,
        )
        found.earliest_time.FromDatetime(now + timedelta(days=days))
        yield found


def _promised(view: View, offering: str) -> dict[str, int]:
    """Days of notice by agreement: those of the terms that it was made on."""
    of_this = Comparison("offering", "=", offering, 0)
    found = map(Agreement.FromString, every(view, "agreement", "", of_this))
    return {each.name: each.notice_days for each in found}
