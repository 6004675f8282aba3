"""Whatever is commanded in whatever order: a subscription moves as the table says, and the ledger tells that story."""

import itertools
from typing import Any

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1.feed_service_pb2 import ListChangesRequest
from tests.integration.api import Api, reason
from tests.integration.services.street import MANUAL, offered, state_of
from tests.integration.services.test_subscriptions import COMMANDS, TABLE

IN_ONE_REGISTRY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
_keys = itertools.count()


async def begin(api: Api, automatic: bool) -> Any:
    """A new body with a subscription of its own."""
    key = f"p{next(_keys)}"
    await api.body(key)
    request = n.CreateSubscriptionRequest(parent=f"organisations/{key}", subscription_id="x")
    request.subscription.system = f"organisations/{key}/systems/gw"
    request.subscription.offering = "offerings/permits" if automatic else "offerings/manual"
    return (await api.onboarding.CreateSubscription(request)).subscription


async def obey(api: Api, name: str, command: str) -> Any:
    """The subscription after the command; None when it was refused for its state."""
    method, template = COMMANDS[command]
    request = type(template)()
    request.CopyFrom(template)
    request.name = name
    if command == "prove" and (await get(api, name)).offering != "offerings/permits":
        request.convergence.observed_release = "offerings/manual/releases/1.0.0"
    try:
        return (await getattr(api.onboarding, method)(request)).subscription
    except grpc.aio.AioRpcError as refused:
        if reason(refused)[1] != "STATE_TRANSITION_ILLEGAL":
            raise
        return None


async def get(api: Api, name: str) -> Any:
    return (await api.onboarding.GetSubscription(n.GetSubscriptionRequest(name=name))).subscription


@pytest.fixture
async def ready(api: Api) -> Api:
    await offered(api)
    await api.offer("manual", approval=MANUAL)
    await api.publish("manual")
    return api


@IN_ONE_REGISTRY
@given(automatic=some.booleans(), commands=some.lists(some.sampled_from(sorted(COMMANDS)), max_size=14))
async def test_any_sequence_of_commands_is_followed_or_refused(
    ready: Api, automatic: bool, commands: list[str]
) -> None:
    current = await begin(ready, automatic)
    story = [current]
    assert state_of(current) == ("APPROVED" if automatic else "PENDING_APPROVAL")
    for command in commands:
        expected = TABLE[state_of(current)].get(command)
        after = await obey(ready, current.name, command)
        assert (after is None) == (expected is None), (state_of(current), command)
        if after is None:
            continue
        assert state_of(after) == expected
        if after != current:
            assert after.revision > current.revision
            story.append(after)
        current = after
    request = ListChangesRequest(name_prefix=current.name, page_size=100)
    told = [change.resource.subscription for change in (await ready.feed.ListChanges(request)).changes]
    assert told == story
    assert await get(ready, current.name) == current
    assert [state_of(step) for step in current.steps][-1] == state_of(current)
