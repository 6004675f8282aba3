"""What a replay of the ledger says of a rollout, counted by hand: nothing here asks the code of the registry."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

from registry.api.v1.feed_service_pb2 import ListChangesRequest
from registry.api.v1.onboarding_service_pb2 import CoverageDimension
from tests.integration.api import Api
from tests.integration.services.street import PROVEN, state_of

VERSIONS = ("1.0.0", "2.0.0-rc.1", "2.0.0", "2.1.0", "10.0.0")  # by precedence
PUBLISHED, RETIRED = 3, 5
KINDS = {1: "MUNICIPALITY", 2: "REGION", 5: "STATE_AGENCY"}
INHABITANTS = ((15_000, "UNDER_15000"), (50_000, "15000_49999"), (200_000, "50000_199999"), (math.inf, "FROM_200000"))
EMPLOYEES = ((10, "UNDER_10"), (50, "10_49"), (250, "50_249"), (math.inf, "FROM_250"))
LIVE = {"APPROVED", "PROVISIONING", "ACTIVE", "DEGRADED", "ENDING"}
WAITING = {"REQUESTED", "PENDING_APPROVAL", "SUSPENDED"}


class Asked(NamedTuple):
    """What was asked of the view: a release or a campaign, and who is in its class."""

    release: str = ""
    campaign: str = ""
    member: Callable[[Any], bool] | None = None


async def ledger(api: Api, last: int) -> list[Any]:
    """Every entry from the first to the last."""
    changes, token = [], ""
    while True:
        page = await api.feed.ListChanges(ListChangesRequest(start_revision=1, page_size=1000, page_token=token))
        changes += page.changes
        if not (token := page.next_page_token):
            return [each for each in changes if each.revision <= last]


def shown(view: Any) -> dict[str, Any]:
    """All that the view tells."""
    times = view.time_to_onboard
    laggards = [(each.subscription or each.organisation, each.state, each.reason) for each in view.laggards]
    return {
        "what": (view.name, view.release, view.campaign, view.deadline.seconds),
        "subscriptions": (view.total, view.converged, {each.phase: each.count for each in view.counts}),
        "laggards": laggards,
        "told": [each.convergence for each in view.laggards],
        "bodies": (view.not_joined, view.overdue),
        "excused": [(each.organisation, each.reason) for each in view.excused],
        "coverage": {
            (CoverageDimension.Name(each.dimension).removeprefix("COVERAGE_DIMENSION_"), each.value): (
                each.required,
                each.converged,
                each.excused,
            )
            for each in view.coverage
        },
        "times": (times.count, *(round(each.ToMicroseconds() / 1000) for each in (times.p50, times.p90, times.p99))),
    }


class Replay:
    """The newest snapshots in the ledger."""

    def __init__(self, changes: list[Any], offering: str) -> None:
        newest: dict[str, dict[str, Any]] = defaultdict(dict)
        for change in changes:
            newest[change.kind][change.name] = getattr(change.resource, change.kind)
        self.offering, self.bodies = newest["offering"][offering], newest["organisation"]
        self.releases = {each.version: each for each in newest["release"].values() if each.name.startswith(offering)}
        self.subscriptions = [each for each in newest["subscription"].values() if each.offering == offering]

    def counted(self, asked: Asked) -> dict[str, Any]:
        """What the view must tell."""
        campaign = next((each for each in self.offering.campaigns if each.id == asked.campaign), None)
        wanted = self._wanted(asked, campaign)
        good = {wanted.name} | (self._later(wanted.version) if campaign else set())
        members = self._members(asked)
        spared = {each.organisation: each.reason for each in campaign.excuses} if campaign else {}
        spared = {name: reason for name, reason in spared.items() if name in members}
        must = {name for name in members if name not in spared}
        live = [each for each in self._of(LIVE) if owner(each) in must]
        done = [each for each in live if self._proven(each, good)]
        late = sorted(
            (each for each in live if each not in done),
            key=lambda each: (each.convergence.report_time.ToMicroseconds(), each.name),
        )
        absent = sorted(must - {owner(each) for each in live})
        there = must - set(absent) - {owner(each) for each in late}
        over = campaign is not None and campaign.deadline.seconds < 1_700_000_000
        return {
            "what": (self.offering.name, wanted.name, asked.campaign, campaign.deadline.seconds if campaign else 0),
            "subscriptions": (len(live), len(done), dict(Counter(each.convergence.phase for each in live))),
            "laggards": [(each.name, each.state, why(each)) for each in late] + [self._absent(each) for each in absent],
            "told": [each.convergence for each in late] + [type(self.subscriptions[0])().convergence for _ in absent],
            "bodies": (len(absent), len(must - there) if over else 0),
            "excused": sorted(spared.items()),
            "coverage": self._coverage(members, spared, there),
            "times": self._times(done),
        }

    def _wanted(self, asked: Asked, campaign: Any) -> Any:
        if campaign or asked.release:
            name = campaign.release if campaign else asked.release
            return next(each for each in self.releases.values() if each.name == name)
        return [each for version in VERSIONS if (each := self.releases.get(version)) and each.state == PUBLISHED][-1]

    def _later(self, version: str) -> set[str]:
        after = VERSIONS[VERSIONS.index(version) + 1 :]
        return {each.name for key, each in self.releases.items() if key in after and each.state != RETIRED}

    def _members(self, asked: Asked) -> set[str]:
        if asked.member is None:
            return {owner(each) for each in self._of(LIVE)}
        return {name for name, body in self.bodies.items() if not body.valid_to and asked.member(body)}

    def _of(self, states: set[str]) -> list[Any]:
        return [each for each in self.subscriptions if state_of(each) in states]

    def _proven(self, each: Any, good: set[str]) -> bool:
        known = each.convergence
        return known.phase == PROVEN and known.observed_release in good and state_of(each) != "DEGRADED"

    def _absent(self, name: str) -> tuple[str, int, str]:
        waits = [each for each in self._of(WAITING) if owner(each) == name]
        return (waits[-1].name, waits[-1].state, "NOT_JOINED") if waits else (name, 0, "NOT_JOINED")

    def _coverage(self, members: set[str], spared: dict[str, str], there: set[str]) -> dict[Any, Any]:
        found: dict[Any, list[int]] = {("ALL", ""): [0, 0, 0]}
        for name in members:
            for group in groups(self.bodies[name]):
                counts = found.setdefault(group, [0, 0, 0])
                counts[0] += name not in spared
                counts[1] += name in there
                counts[2] += name in spared
        return {group: tuple(counts) for group, counts in found.items()}

    def _times(self, done: list[Any]) -> tuple[int, ...]:
        millis = sorted(self._millis(each) for each in done)
        enough = (
            [each for each in millis if sum(x <= each for x in millis) >= q * len(millis)] for q in (0.5, 0.9, 0.99)
        )
        return (len(millis), *(each[0] if each else 0 for each in enough))

    def _millis(self, each: Any) -> int:
        published = next(r for r in self.releases.values() if r.name == each.convergence.observed_release).publish_time
        start = max(published.ToMicroseconds(), each.create_time.ToMicroseconds())
        return max(0, each.convergence.proven_time.ToMicroseconds() - start) // 1000


def owner(subscription: Any) -> str:
    """The organisation of a subscription."""
    return "/".join(subscription.name.split("/")[:2])


def why(subscription: Any) -> str:
    """Why it is late."""
    known = subscription.convergence
    if known.last_error.reason or state_of(subscription) == "ENDING":
        return known.last_error.reason or "ENDING"
    return {0: "NO_REPORT", PROVEN: "OTHER_RELEASE"}.get(known.phase, "IN_PROGRESS")


def groups(body: Any) -> list[tuple[str, str]]:
    """Where an organisation is counted."""
    by, size, bounds = ("INHABITANTS", body.size.inhabitants, INHABITANTS)
    if body.kind not in {1, 2}:
        by, size, bounds = ("EMPLOYEES", body.size.employees, EMPLOYEES)
    word = next(word for bound, word in bounds if size < bound)
    return [
        ("ALL", ""),
        ("KIND", KINDS[body.kind]),
        ("COUNTY", body.county_code),
        ("SIZE_CLASS", f"{by}_{word}" if size else "UNKNOWN"),
    ]
