"""Every number of the convergence view is what a replay of the whole ledger counts, whatever happened."""

import random
from typing import Any

from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1 import organisation_service_pb2 as o
from registry.api.v1.feed_service_pb2 import GetHeadRequest
from tests.integration.api import Api
from tests.integration.services.replay import VERSIONS, Asked, Replay, ledger, shown
from tests.integration.services.street import (
    APPLIED,
    MANUAL,
    PLANNED,
    PROVEN,
    REMOVED,
    ROUTED,
    offered,
    retire,
    state_of,
    verdict,
)

OFFERING = "offerings/permits"
BODIES, STRETCHES, ACTS = 30, 4, 60
NAMED = [f"{OFFERING}/releases/{version}" for version in VERSIONS]
CAMPAIGNS: dict[str, tuple[str, str, str, Any]] = {
    "cities": (
        "2.0.0",
        "2020-01-01T00:00:00Z",
        'kind = MUNICIPALITY AND (county_code = "01" OR county_code = "22")',
        lambda body: body.kind == 1 and body.county_code in {"01", "22"},
    ),
    "large": (
        "1.0.0",
        "2100-01-01T00:00:00Z",
        "size.inhabitants >= 50000 OR size.employees > 49.5",
        lambda body: body.size.inhabitants >= 50_000 or body.size.employees > 49.5,
    ),
    "everyone": ("2.1.0", "2020-01-01T00:00:00Z", "", None),
}


async def test_the_view_is_what_a_replay_counts(api: Api) -> None:
    chance = random.Random(3)  # noqa: S311 - the same history each time
    await offered(api, approval=MANUAL)
    names = await begin(api, chance)
    seen: set[Any] = set()
    for stretch in range(STRETCHES):
        await campaign(api, names, chance)
        for _ in range(ACTS):
            await act(api, chance.choice(names), chance)
        if stretch == STRETCHES // 2:
            await retire(api, VERSIONS[-1])
        for asked in questions(stretch):
            await agree(api, asked, seen)
    reasons = {"NOT_JOINED", "NO_REPORT", "ENDING", "OTHER_RELEASE", "IN_PROGRESS", "PROBE_FAILED"}
    assert reasons | {"excused", "overdue", "waiting"} | set(CAMPAIGNS) <= seen, "the history has too little in it"


def questions(stretch: int) -> list[Asked]:
    """A release, another one each time; the newest; every campaign."""
    asked = [Asked(), Asked(release=NAMED[stretch % len(NAMED)])]
    return asked + [Asked(campaign=key, member=member) for key, (_, _, _, member) in CAMPAIGNS.items()]


async def agree(api: Api, asked: Asked, seen: set[Any]) -> None:
    request = n.GetConvergenceRequest(name=OFFERING, release=asked.release, campaign=asked.campaign, page_size=1000)
    view = await api.onboarding.GetConvergence(request)
    told = shown(view)
    assert told == Replay(await ledger(api, view.revision), OFFERING).counted(asked)
    seen |= {each.reason for each in view.laggards}
    seen |= {word for word, there in (("excused", view.excused), ("overdue", view.overdue)) if there}
    seen |= {"waiting" for each in view.laggards if each.reason == "NOT_JOINED" and each.subscription}
    if 0 < view.converged < view.total:
        seen.add(asked.campaign)


async def begin(api: Api, chance: random.Random) -> list[str]:
    """All releases, and bodies of which most have joined; their names."""
    for version in VERSIONS[1:]:
        await api.publish("permits", version)
    for number in range(BODIES):
        await api.body(f"m{number}", kind=chance.choice([1, 1, 1, 2, 5]), **place(chance))
        if chance.random() < 0.8:
            await api.subscribe(f"m{number}")
    return [f"organisations/m{number}" for number in range(BODIES)]


def place(chance: random.Random) -> dict[str, Any]:
    """Where a body lies and how large it is."""
    inhabitants = chance.choice([0, 14_999, 15_000, 49_999, 50_000, 199_999, 200_000])
    employees = chance.choice([0, 3.5, 9.9, 10, 49.6, 50, 249.5, 250])
    size = {"inhabitants": inhabitants, "employees": employees, "source": "made up"}
    return {"county_code": chance.choice(["", "01", "22", "25"]), "size": size}


async def campaign(api: Api, names: list[str], chance: random.Random) -> None:
    """The campaigns, each with other excuses than before."""
    request = f.UpdateOfferingRequest(offering={"name": OFFERING}, update_mask={"paths": ["campaigns"]})
    for key, (version, deadline, party_class, _) in CAMPAIGNS.items():
        release = f"{OFFERING}/releases/{version}"
        made = request.offering.campaigns.add(id=key, release=release, party_class=party_class, title={"sv": key})
        made.deadline.FromJsonString(deadline)
        for name in chance.sample(names, 6):
            made.excuses.add(organisation=name, reason=f"skäl {chance.randrange(3)}")
    await api.offerings.UpdateOffering(request)


async def act(api: Api, body: str, chance: random.Random) -> None:
    """Something that may happen to a body; what its state forbids is refused, and changes nothing."""
    name = f"{body}/subscriptions/use-permits"
    calls = {
        "Approve": (n.ApproveSubscriptionRequest(name=name), 8),
        "Reject": (n.RejectSubscriptionRequest(name=name, reason="fel"), 1),
        "Suspend": (n.SuspendSubscriptionRequest(name=name), 3),
        "Resume": (n.ResumeSubscriptionRequest(name=name), 2),
        "End": (n.EndSubscriptionRequest(name=name), 3),
        "change": (None, 4),
        "close": (None, 1),
        "report": (None, 40),
    }
    (what,) = chance.choices(list(calls), [weight for _, weight in calls.values()])
    if what == "report":
        await tell(api, name, chance)
    elif what in {"change", "close"}:
        fields = place(chance) if what == "change" else {"valid_to": "2026-01-01"}
        paths = {"paths": list(fields)}
        request = o.UpdateOrganisationRequest(organisation={"name": body, **fields}, update_mask=paths)
        await api.organisations.UpdateOrganisation(request)
    else:
        await verdict(getattr(api.onboarding, f"{what}Subscription")(calls[what][0]))


async def tell(api: Api, name: str, chance: random.Random) -> None:
    """A report, of one that is let in before that."""
    head = await api.feed.GetHead(GetHeadRequest())
    phase = chance.choice([PLANNED, APPLIED, ROUTED, PROVEN, PROVEN, PROVEN, PROVEN])
    observed: dict[str, Any] = {"phase": phase, "observed_release": chance.choice(NAMED)}
    if chance.random() < 0.2:
        observed["last_error"] = {"reason": "PROBE_FAILED"}
    await verdict(api.onboarding.ApproveSubscription(n.ApproveSubscriptionRequest(name=name)))
    if await verdict(get := api.onboarding.GetSubscription(n.GetSubscriptionRequest(name=name))):
        return
    if state_of((await get).subscription) == "ENDING" and chance.random() < 0.3:
        observed = {"phase": REMOVED}
    fields = {"observed_revision": head.revision, **observed}
    await verdict(api.onboarding.ReportConvergence(n.ReportConvergenceRequest(name=name, convergence=fields)))
