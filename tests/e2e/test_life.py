"""A subscription that is paused, and resumed."""

from registry.api.v1 import onboarding_service_pb2 as onboarding
from registry.api.v1.subscription_pb2 import SubscriptionState
from tests.components.envoy import Gateway
from tests.components.upstream import Upstream
from tests.e2e.street import (
    Subscriber,
    call,
    interface,
    offered,
    proven,
    standing_order,
    subscription,
    until,
)
from tests.integration.api import Api

SUSPENDED = SubscriptionState.SUBSCRIPTION_STATE_SUSPENDED


async def status(gateway: Gateway) -> int:
    return (await call(f"{gateway.url}/b/permits/api")).status_code


async def test_a_paused_subscription_leaves_the_gateway_until_it_is_resumed(
    api: Api, subscriber: Subscriber, gateway: Gateway, upstream: Upstream
) -> None:
    await standing_order(api)
    subscriber.start()
    await offered(api, upstream.url)
    name = (await proven(api)).name
    assert await status(gateway) == 200
    paused = await api.onboarding.SuspendSubscription(onboarding.SuspendSubscriptionRequest(name=name))
    assert paused.subscription.state == SUSPENDED

    async def refused() -> bool:
        return await status(gateway) == 404

    await until(refused)
    await api.publish("permits", "1.1.0", interfaces=[interface(f"{upstream.url}/v2")])
    found = await subscription(api)
    assert found
    assert found.state == SUSPENDED, "a new release does not end a pause"
    await api.onboarding.ResumeSubscription(onboarding.ResumeSubscriptionRequest(name=name))
    await proven(api, "1.1.0")
    assert (await call(f"{gateway.url}/b/permits/api")).text == "/v2"
    assert subscriber.stop() == 0
