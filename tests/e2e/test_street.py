"""From a publication to a call through another body's real gateway, and back out of it."""

from functools import partial

import grpc

from registry.api.v1 import offering_service_pb2 as offerings
from registry.api.v1 import onboarding_service_pb2 as onboarding
from tests.components.envoy import Gateway
from tests.components.upstream import Upstream
from tests.e2e.street import ENDED, Subscriber, call, interface, offered, onboarded, proven, reported, until
from tests.integration.api import Api


async def test_a_publication_is_routed_proven_replaced_and_retired(
    api: Api, subscriber: Subscriber, gateway: Gateway, upstream: Upstream
) -> None:
    subscription = await onboarded(api, subscriber, f"{upstream.url}/v1")
    answer = await call(f"{gateway.url}/b/permits/api/cases?x=1")
    assert (answer.status_code, answer.text) == (200, "/v1/cases?x=1")
    assert upstream.hosts[-1] == f"127.0.0.1:{upstream.port}"

    await api.publish("permits", "1.1.0", interfaces=[interface(upstream.url)])
    await proven(api, "1.1.0")
    answer = await call(f"{gateway.url}/b/permits/api/cases")
    assert (answer.text, answer.headers["gemensam-release"]) == ("/cases", "offerings/permits/releases/1.1.0")

    for version in ("1.0.0", "1.1.0"):
        name = f"offerings/permits/releases/{version}"
        deprecate = offerings.DeprecateReleaseRequest(name=name)
        deprecate.sunset_time.GetCurrentTime()
        deprecate.sunset_time.seconds += 1
        await api.offerings.DeprecateRelease(deprecate)
        await until(partial(_retire, api, name))
    await reported(api, lambda it, _: it.state == ENDED)
    assert (await call(f"{gateway.url}/b/permits/api/cases")).status_code == 404
    assert "gemensam/" not in str(gateway.dump())
    assert list((subscriber.folder / "services").iterdir()) == []
    assert subscriber.stop() == 0
    assert subscription.interest == "organisations/b/interests/all"


async def test_a_subscription_that_is_ended_leaves_the_gateway_and_another_takes_its_place(
    api: Api, subscriber: Subscriber, gateway: Gateway, upstream: Upstream
) -> None:
    await api.body("a")
    await api.body("b")
    subscriber.start()
    await offered(api, upstream.url)
    first = await api.subscribe("b")
    await proven(api)
    await api.onboarding.EndSubscription(onboarding.EndSubscriptionRequest(name=first.name))
    await reported(api, lambda it, _: it.state == ENDED)
    assert (await call(f"{gateway.url}/b/permits/api")).status_code == 404
    assert subscriber.stop() == 0


async def _retire(api: Api, name: str) -> bool:
    try:
        await api.offerings.RetireRelease(offerings.RetireReleaseRequest(name=name))
    except grpc.aio.AioRpcError as error:
        assert error.code() is grpc.StatusCode.FAILED_PRECONDITION  # noqa: PT017 - not yet
        return False
    return True
