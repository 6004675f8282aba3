"""How subscriptions end, and who comes back: retirement, withdrawal, the body's own decision, the provider's."""

from typing import Any

import grpc
import pytest

from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1 import onboarding_service_pb2 as n
from registry.app import running
from registry.settings import Settings
from registry.store import ledger
from registry.store.sqlstore import open_store
from tests.integration.api import Api
from tests.integration.services.street import (
    MANUAL,
    RELEASE,
    REMOVED,
    ROUTED,
    Sentinel,
    make_system,
    offered,
    order,
    refusal,
    report,
    retire,
    states,
    subscriptions,
    update_order,
)


@pytest.fixture
def matcher(api: Api) -> Sentinel:
    return Sentinel(api)


async def end(api: Api, name: str) -> Any:
    return (await api.onboarding.EndSubscription(n.EndSubscriptionRequest(name=name))).subscription


async def create(api: Api, key: str) -> Any:
    request = n.CreateSubscriptionRequest(parent="organisations/b", subscription_id=key)
    request.subscription.offering, request.subscription.system = "offerings/permits", "organisations/b/systems/gw"
    return await api.onboarding.CreateSubscription(request)


async def test_the_last_release_takes_its_subscriptions_along(api: Api, matcher: Sentinel) -> None:
    """What has reached a gateway must be taken away first; what has not, ends at once."""
    await offered(api)
    await api.body("c")
    reached, untouched = await api.subscribe("b"), await api.subscribe("c")
    await report(api, reached.name, phase=ROUTED, observed_release=RELEASE)
    await api.publish("permits", "2.0.0")
    await retire(api, "1.0.0")
    await matcher.passed()
    assert await states(api, "b") == ["PROVISIONING"]
    await retire(api, "2.0.0")
    await matcher.passed()
    assert (await states(api, "b"), await states(api, "c")) == (["ENDING"], ["ENDED"])
    await report(api, reached.name, phase=REMOVED)
    (gone,) = await subscriptions(api, "b")
    assert [step.reason for step in gone.steps[-2:]] == ["the offering has no release left", "REMOVED"]
    assert untouched.name == "organisations/c/subscriptions/use-permits"


@pytest.mark.parametrize(("left", "environment", "state"), [(1, 3, "ENDED"), (2, 3, "ENDED"), (2, 2, "APPROVED")])
async def test_a_draft_or_test_left_over_keeps_nobody_in_production(
    api: Api, matcher: Sentinel, left: int, environment: int, state: str
) -> None:
    await offered(api)
    system = await make_system(api, "b", "own", environment)
    await order(api, system=system)
    await matcher.passed()
    await api.publish("permits", "2.0.0", state=left)
    await retire(api)
    await matcher.passed()
    assert await states(api) == [state]


async def test_withdrawal_ends_what_there_is_whatever_its_state(api: Api, matcher: Sentinel) -> None:
    await offered(api, approval=MANUAL)
    await api.body("c")
    await api.subscribe("b")
    name = (await api.subscribe("c")).name
    await api.onboarding.ApproveSubscription(n.ApproveSubscriptionRequest(name=name))
    await report(api, name, phase=ROUTED, observed_release=RELEASE)
    await api.offerings.WithdrawOffering(f.WithdrawOfferingRequest(name="offerings/permits"))
    await matcher.passed()
    assert (await states(api, "b"), await states(api, "c")) == (["ENDED"], ["ENDING"])
    assert (await refusal(create(api, "again")))[1] == "STATE_TRANSITION_ILLEGAL"


async def test_a_standing_order_comes_back_with_a_new_release(api: Api, matcher: Sentinel) -> None:
    """It ended for lack of a release, so nobody decided against it. The ended one stays ended."""
    await offered(api)
    await order(api)
    await matcher.passed()
    await retire(api)
    await matcher.passed()
    await api.publish("permits", "2.0.0")
    await matcher.passed()
    assert await states(api) == ["ENDED", "APPROVED"]


async def test_what_the_body_ended_stays_ended(api: Api, matcher: Sentinel) -> None:
    """Until it says so again: by hand under another id, or by a new interest."""
    await offered(api)
    await order(api)
    await matcher.passed()
    (first,) = await subscriptions(api)
    await end(api, first.name)
    await api.publish("permits", "2.0.0")
    await update_order(api, labels={"touched": "yes"})
    await matcher.passed()
    assert await states(api) == ["ENDED"]
    await end(api, (await create(api, "again")).subscription.name)
    await order(api, key="anew")
    await matcher.passed()
    assert await states(api) == ["ENDED", "ENDED", "APPROVED"]


async def test_a_rejected_body_is_not_pressed_on_the_provider_but_may_ask_again(api: Api, matcher: Sentinel) -> None:
    await offered(api, approval=MANUAL)
    await order(api)
    await matcher.passed()
    (first,) = await subscriptions(api)
    await api.onboarding.RejectSubscription(n.RejectSubscriptionRequest(name=first.name, reason="not yet"))
    await api.publish("permits", "2.0.0")
    await matcher.passed()
    assert await states(api) == ["REJECTED"]
    await create(api, "again")
    assert await states(api) == ["REJECTED", "PENDING_APPROVAL"]


async def test_a_system_has_an_offering_once(api: Api) -> None:
    await offered(api)
    await create(api, "one")
    code, why, words = await refusal(create(api, "two"))
    assert (code, why, words["name"]) == (
        "ALREADY_EXISTS",
        "RESOURCE_ALREADY_EXISTS",
        "organisations/b/subscriptions/one",
    )
    await end(api, "organisations/b/subscriptions/one")
    await create(api, "two")
    assert await states(api) == ["ENDED", "APPROVED"]


async def test_a_matcher_overtaken_by_compaction_looks_at_everything(settings: Settings) -> None:
    """What was dropped unread is made good from what there is: here while another one leads that does nothing."""
    other = open_store(settings.url())
    await other.lease("matcher", "idle", 60)
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        await offered(api)
        await api.subscribe("a")
        await order(api, "b")
        await retire(api)
        await api.publish("permits", "2.0.0-rc.1", state=1)
        await api.offer("schools")
        await api.publish("schools")
        await order(api, "b", key="schools", filter='name = "offerings/schools"')
        ledger.compact(other._write_engine, registry.store.head_revision + 1)
        await other.lease("matcher", "idle", -1)
        await Sentinel(api).passed()
        assert await states(api, "a") == ["ENDED"]
        assert [each.offering for each in await subscriptions(api, "b")] == ["offerings/schools"]
    other.close()
