"""What a body's subscriber does with services that must not, do not, or no longer answer, and with those of its guests."""

import json

import grpc

from registry.api.v1 import onboarding_service_pb2 as onboarding
from tests.components import upstream as services
from tests.components.envoy import Gateway
from tests.components.grpc_upstream import METHOD, grpc_upstream
from tests.components.upstream import Upstream
from tests.e2e.street import (
    ACTIVE,
    DEGRADED,
    ENDED,
    PROVEN,
    Subscriber,
    call,
    interface,
    offered,
    onboarded,
    proven,
    reported,
    standing_order,
    until,
)
from tests.integration.api import Api


async def test_an_upstream_that_the_policy_does_not_allow_is_refused_and_said_so(
    api: Api, subscriber: Subscriber, gateway: Gateway, upstream: Upstream
) -> None:
    await standing_order(api)
    subscriber.start()
    await offered(api, "http://127.0.0.1:8500")
    await offered(api, upstream.url, "school")
    refused = await reported(api, lambda _, seen: bool(seen.last_error.reason))
    error = refused.convergence.last_error
    assert error.reason == "PORT_NOT_ALLOWED"
    assert error.message == "port 8500 of 127.0.0.1 is not among the policy's ports"
    assert refused.convergence.next_attempt_time.seconds
    await proven(api, key="school")
    assert "8500" not in str(gateway.dump())
    assert (await call(f"{gateway.url}/b/permits/api")).status_code == 404

    subscriber.allow(ports=[8500, upstream.port], private_ranges=["10.0.0.0/8"])
    assert subscriber.stop() == 0
    subscriber.start()
    seen = await reported(api, lambda _, seen: seen.last_error.reason == "ADDRESS_NOT_ALLOWED", "school")
    assert seen.state == DEGRADED
    assert (await call(f"{gateway.url}/b/school/api")).status_code == 404
    assert subscriber.stop() == 0


async def test_a_guest_is_onboarded_by_its_host(
    api: Api, subscriber: Subscriber, gateway: Gateway, upstream: Upstream
) -> None:
    await standing_order(api, body="guest")
    subscriber.start()
    await offered(api, upstream.url)
    subscription = await proven(api, body="guest")
    assert subscription.system == "organisations/b/systems/gw"
    assert (await call(f"{gateway.url}/guest/permits/api/x")).text == "/x"
    assert (await call(f"{gateway.url}/b/permits/api/x")).status_code == 404
    end = onboarding.EndSubscriptionRequest(name=subscription.name)
    await api.onboarding.EndSubscription(end, metadata=(("gemensam-on-behalf-of", "organisations/guest"),))
    await reported(api, lambda it, _: it.state == ENDED, body="guest")
    assert (await call(f"{gateway.url}/guest/permits/api/x")).status_code == 404
    assert subscriber.stop() == 0


async def test_a_grpc_service_is_onboarded_and_answers_by_its_authority(
    api: Api, subscriber: Subscriber, gateway: Gateway
) -> None:
    with grpc_upstream() as port:
        subscriber.allow(ports=[port], private_ranges=["127.0.0.1/32"])
        await standing_order(api)
        subscriber.start()
        await offered(api, f"grpc://127.0.0.1:{port}", kind=1)
        await proven(api)
        options = [("grpc.default_authority", "api.permits.b.gemensam.internal")]
        async with grpc.aio.insecure_channel(gateway.url.removeprefix("http://"), options) as channel:
            assert await channel.unary_unary(METHOD)(b"you", timeout=10) == b"heard you"
    assert subscriber.stop() == 0


async def test_a_service_that_goes_down_is_degraded_and_active_again_when_it_is_back(
    api: Api, subscriber: Subscriber, upstream: Upstream
) -> None:
    await onboarded(api, subscriber, upstream.url)
    upstream.stop()
    down = await reported(api, lambda it, _: it.state == DEGRADED)
    assert down.convergence.last_error.reason == "UPSTREAM_UNAVAILABLE"
    assert down.convergence.phase == PROVEN - 1  # ROUTED
    with services.upstream(port=upstream.port):
        back = await reported(api, lambda it, _: it.state == ACTIVE)
        assert (back.convergence.phase, back.convergence.HasField("last_error")) == (PROVEN, False)
        assert subscriber.stop() == 0


async def test_routes_that_somebody_edits_by_hand_are_repaired(
    api: Api, subscriber: Subscriber, gateway: Gateway, upstream: Upstream
) -> None:
    await onboarded(api, subscriber, upstream.url)
    path = gateway.directory / "routes.json"
    content = json.loads(path.read_text())
    content["version_info"] = "by hand"
    content["resources"][0]["virtual_hosts"][0]["routes"] = [
        {"match": {"prefix": "/"}, "direct_response": {"status": 418}}
    ]
    partial = path.with_suffix(".edited")
    partial.write_text(json.dumps(content))
    partial.replace(path)

    async def repaired() -> bool:
        return (await call(f"{gateway.url}/b/permits/api/x")).text == "/x"

    await until(repaired)
    assert (await call(f"{gateway.url}/elsewhere")).status_code == 418, "what is not ours stays"
    assert (await call(f"{gateway.url}/b/permits/api/x")).status_code == 200
    assert subscriber.stop() == 0


async def test_a_new_release_that_is_refused_takes_nothing_away_and_is_named(
    api: Api, subscriber: Subscriber, gateway: Gateway, upstream: Upstream
) -> None:
    await onboarded(api, subscriber, upstream.url)
    await api.publish("permits", "2.0.0", interfaces=[interface("https://169.254.169.254/latest")])
    seen = await reported(api, lambda _, seen: seen.last_error.reason == "HOST_NOT_ALLOWED")
    assert "offerings/permits/releases/2.0.0 is refused" in seen.convergence.last_error.message
    assert (seen.state, seen.convergence.phase) == (DEGRADED, PROVEN)
    assert seen.convergence.observed_release == "offerings/permits/releases/1.0.0"
    assert (await call(f"{gateway.url}/b/permits/api/x")).text == "/x"
    await api.publish("permits", "2.0.1", interfaces=[interface(upstream.url)])
    await proven(api, "2.0.1")
    assert subscriber.stop() == 0
