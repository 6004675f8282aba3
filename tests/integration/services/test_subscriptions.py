"""Subscriptions by hand: who decides, which ways are open from which state, hosts, and what is refused."""

from typing import Any

from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1.feed_service_pb2 import GetHeadRequest, ListChangesRequest
from registry.api.v1.subscription_pb2 import Subscription, SubscriptionState
from registry.app import Running
from registry.store import Batch, Command
from tests.integration.api import Api
from tests.integration.services.street import (
    APPLIED,
    MANUAL,
    PROVEN,
    RELEASE,
    REMOVED,
    make_system,
    offered,
    refusal,
    report,
    state_of,
    subscriptions,
    verdict,
)

NAME = "organisations/b/subscriptions/use-permits"
COMMANDS: dict[str, Any] = {
    "approve": ("ApproveSubscription", n.ApproveSubscriptionRequest(name=NAME)),
    "reject": ("RejectSubscription", n.RejectSubscriptionRequest(name=NAME, reason="not yet")),
    "suspend": ("SuspendSubscription", n.SuspendSubscriptionRequest(name=NAME)),
    "resume": ("ResumeSubscription", n.ResumeSubscriptionRequest(name=NAME)),
    "end": ("EndSubscription", n.EndSubscriptionRequest(name=NAME)),
    "report": ("ReportConvergence", n.ReportConvergenceRequest(name=NAME, convergence={"phase": APPLIED})),
    "prove": ("ReportConvergence", n.ReportConvergenceRequest(name=NAME, convergence={"phase": PROVEN, "observed_release": RELEASE})),
    "fail": ("ReportConvergence", n.ReportConvergenceRequest(name=NAME, convergence={"last_error": {"reason": "X"}})),
    "removed": ("ReportConvergence", n.ReportConvergenceRequest(name=NAME, convergence={"phase": REMOVED})),
}  # fmt: skip
# From each state, where each command leads; "" where it is refused.
TABLE = {
    "REQUESTED": {"approve": "APPROVED", "reject": "REJECTED", "end": "ENDED"},
    "PENDING_APPROVAL": {"approve": "APPROVED", "reject": "REJECTED", "end": "ENDED"},
    "APPROVED": {"end": "ENDED", "suspend": "SUSPENDED", "report": "PROVISIONING", "prove": "ACTIVE", "fail": "PROVISIONING", "removed": "PROVISIONING"},
    "PROVISIONING": {"end": "ENDING", "suspend": "SUSPENDED", "report": "PROVISIONING", "prove": "ACTIVE", "fail": "PROVISIONING", "removed": "PROVISIONING"},
    "ACTIVE": {"end": "ENDING", "suspend": "SUSPENDED", "report": "ACTIVE", "prove": "ACTIVE", "fail": "DEGRADED", "removed": "PROVISIONING"},
    "DEGRADED": {"end": "ENDING", "suspend": "SUSPENDED", "report": "PROVISIONING", "prove": "ACTIVE", "fail": "DEGRADED", "removed": "PROVISIONING"},
    "SUSPENDED": {"end": "ENDING", "resume": "APPROVED", "report": "SUSPENDED", "prove": "SUSPENDED", "fail": "SUSPENDED", "removed": "SUSPENDED"},
    "ENDING": {"report": "ENDING", "prove": "ENDING", "fail": "ENDING", "removed": "ENDED"},
    "ENDED": {"removed": "ENDED"},
    "REJECTED": {},
}  # fmt: skip


async def put_into(registry: Running, state: str) -> None:
    """A subscription in a state, past the rules."""

    def run(batch: Batch) -> Any:
        message = Subscription(name=NAME, offering="offerings/permits", system="organisations/b/systems/gw")
        message.state = SubscriptionState.Value(f"SUBSCRIPTION_STATE_{state}")
        batch.put(message, "updated")
        return message

    await registry.store.write(Command(run=run))


async def test_each_command_leads_where_the_table_says_and_nowhere_else(api: Api, registry_server: Running) -> None:
    await offered(api)
    for state, ways in TABLE.items():
        for command, (method, request) in COMMANDS.items():
            await put_into(registry_server, state)
            call = getattr(api.onboarding, method)(request)
            if command in ways:
                assert (state, command, state_of((await call).subscription)) == (state, command, ways[command])
                continue
            code, why, words = await refusal(call)
            assert (code, why) == ("FAILED_PRECONDITION", "STATE_TRANSITION_ILLEGAL"), (state, command)
            assert (words["name"], words["from"]) == (NAME, f"SUBSCRIPTION_STATE_{state}")


async def test_approval_keeps_the_steps_with_their_reasons(api: Api) -> None:
    await offered(api, approval=MANUAL)
    asked = await api.subscribe("b")
    assert state_of(asked) == "PENDING_APPROVAL"
    request = n.ApproveSubscriptionRequest(name=NAME, etag=asked.etag)
    approved = (await api.onboarding.ApproveSubscription(request)).subscription
    assert [(state_of(step), bool(step.reason)) for step in approved.steps] == [
        ("REQUESTED", True),
        ("PENDING_APPROVAL", True),
        ("APPROVED", True),
    ]
    code, why, words = await refusal(
        api.onboarding.EndSubscription(n.EndSubscriptionRequest(name=NAME, etag=asked.etag))
    )
    assert (code, why) == ("ABORTED", "ETAG_MISMATCH")
    assert (words["sent_etag"], words["current_etag"]) == (asked.etag, approved.etag)


async def test_a_rejection_says_why_in_few_words_and_about_no_person(api: Api) -> None:
    await offered(api, approval=MANUAL)
    await api.subscribe("b")
    words = {
        "": "FIELD_INVALID",
        "x" * 4097: "LIMIT_EXCEEDED",
        "född 19121212-1212": "PERSONAL_DATA_REFUSED",
        "x" * 4096: "",
    }
    told = {}
    for why_not in words:
        request = n.RejectSubscriptionRequest(name=NAME, reason=why_not)
        told[why_not] = await verdict(api.onboarding.RejectSubscription(request))
    assert told == words


async def test_validate_only_tells_and_keeps_nothing(api: Api) -> None:
    await offered(api)
    head = await api.feed.GetHead(GetHeadRequest())
    request = n.CreateSubscriptionRequest(parent="organisations/b", subscription_id="x", validate_only=True)
    request.subscription.offering, request.subscription.system = "offerings/permits", "organisations/b/systems/gw"
    told = await api.onboarding.CreateSubscription(request)
    assert (state_of(told.subscription), told.revision) == ("APPROVED", head.revision)
    assert await subscriptions(api) == []
    assert await api.feed.GetHead(GetHeadRequest()) == head


MISFITS: list[tuple[Any, str]] = [
    ({"offering": "offerings/none"}, "REFERENCE_NOT_FOUND"),
    ({"system": "organisations/b/systems/none"}, "REFERENCE_NOT_FOUND"),
    ({"system": "organisations/a/systems/gw"}, "FIELD_INVALID"),
    ({"environment": 2}, "FIELD_INVALID"),
    ({"agreement": "agreements/x"}, "REFERENCE_NOT_FOUND"),
    ({"agreement": "x"}, "NAME_INVALID"),
    ({"interest": "organisations/b/interests/none"}, "REFERENCE_NOT_FOUND"),
    ({"offering": ""}, "FIELD_INVALID"),
]


async def test_what_does_not_fit_is_refused(api: Api) -> None:
    await offered(api)
    told = []
    for fields, _ in MISFITS:
        wanted = {"offering": "offerings/permits", "system": "organisations/b/systems/gw", **fields}
        request = n.CreateSubscriptionRequest(parent="organisations/b", subscription=wanted)
        told.append(await verdict(api.onboarding.CreateSubscription(request)))
    assert told == [why for _, why in MISFITS]


async def test_a_host_acts_for_a_body_that_has_no_systems(api: Api) -> None:
    """The tiny one's subscription uses the host's system; a stranger's system is refused; who acted is recorded."""
    await offered(api)
    await api.body("host")
    await api.body("tiny", host="organisations/host")
    await make_system(api, "host", "shared")
    wanted = {"offering": "offerings/permits", "system": "organisations/host/systems/shared"}
    request = n.CreateSubscriptionRequest(parent="organisations/tiny", subscription_id="x", subscription=wanted)
    metadata = (
        ("gemensam-actor", "organisations/host/systems/shared"),
        ("gemensam-on-behalf-of", "organisations/tiny"),
    )
    made = await api.onboarding.CreateSubscription(request, metadata=metadata)
    assert state_of(made.subscription) == "APPROVED"
    (change,) = (await api.feed.ListChanges(ListChangesRequest(start_revision=made.revision))).changes
    assert (change.actor, change.on_behalf_of) == ("organisations/host/systems/shared", "organisations/tiny")
    request.subscription_id, request.subscription.system = "y", "organisations/b/systems/gw"
    assert (await refusal(api.onboarding.CreateSubscription(request)))[1] == "FIELD_INVALID"


async def test_empty_metadata_is_none(api: Api) -> None:
    await offered(api)
    request = n.CreateSubscriptionRequest(parent="organisations/b", subscription_id="x")
    request.subscription.offering, request.subscription.system = "offerings/permits", "organisations/b/systems/gw"
    metadata = (("gemensam-actor", ""), ("gemensam-on-behalf-of", ""), ("traceparent", "nonsense"))
    made = await api.onboarding.CreateSubscription(request, metadata=metadata)
    (change,) = (await api.feed.ListChanges(ListChangesRequest(start_revision=made.revision))).changes
    assert (change.actor, change.on_behalf_of, change.traceparent) == ("anonymous@loopback", "", "")


async def test_one_that_is_paused_leaves_the_gateway_and_comes_back(api: Api) -> None:
    await offered(api)
    await api.subscribe("b")
    await report(api, NAME, phase=PROVEN, observed_release=RELEASE)
    paused = (await api.onboarding.SuspendSubscription(n.SuspendSubscriptionRequest(name=NAME))).subscription
    states = [state_of(paused), state_of(await report(api, NAME, 2, phase=REMOVED))]
    resumed = (await api.onboarding.ResumeSubscription(n.ResumeSubscriptionRequest(name=NAME))).subscription
    states += [state_of(resumed), state_of(await report(api, NAME, 3, phase=PROVEN, observed_release=RELEASE))]
    assert states == ["SUSPENDED", "SUSPENDED", "APPROVED", "ACTIVE"]
    assert paused.agreement == resumed.agreement != ""


async def test_an_active_subscription_goes_the_whole_way(api: Api) -> None:
    await offered(api)
    await api.subscribe("b")
    states = []
    for revision, fields in enumerate(
        [
            {"phase": 1},
            {"phase": 2, "observed_release": RELEASE},
            {"phase": PROVEN, "observed_release": RELEASE},
            {"phase": 3, "observed_release": RELEASE, "last_error": {"reason": "PROBE_FAILED", "message": "502"}},
            {"phase": PROVEN, "observed_release": RELEASE},
        ],
        start=1,
    ):
        states.append(state_of(await report(api, NAME, revision, **fields)))  # type: ignore[arg-type]
    ended = (await api.onboarding.EndSubscription(n.EndSubscriptionRequest(name=NAME))).subscription
    states += [state_of(ended), state_of(await report(api, NAME, 6, phase=REMOVED))]
    assert states == ["PROVISIONING", "PROVISIONING", "ACTIVE", "DEGRADED", "ACTIVE", "ENDING", "ENDED"]
