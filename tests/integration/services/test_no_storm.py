"""Matching ends: nothing that the matcher writes is read by it, and a publication is answered once by each who wants it."""

import itertools
import random
from typing import Any

import pytest

from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1.feed_service_pb2 import ListChangesRequest
from registry.services.joining import matters
from registry.services.standing import Standing
from tests.integration.api import Api
from tests.integration.services.street import JOIN, PROPOSE, Sentinel, accept, order, propose, subscriptions

BODIES, OFFERINGS = "abcd", 6
MAY = {("subscription", "created"), ("subscription", "approved"), ("subscription", "ended"), ("agreement", "recorded")}


async def history(api: Api) -> list[Any]:
    """The whole ledger."""
    return list((await api.feed.ListChanges(ListChangesRequest(page_size=1000))).changes)


def verb(change: Any) -> str:
    return str(change.event_type.split(".")[-2])


@pytest.mark.parametrize("seed", range(3))
async def test_what_the_matcher_writes_it_does_not_read(api: Api, seed: int) -> None:
    """Every body wants what every other offers, in circles; offerings come, change, are agreed on and withdrawn."""
    chance = random.Random(seed)  # noqa: S311 - the same world each time
    matcher, numbers = Sentinel(api), itertools.count()
    for body in BODIES:
        await api.body(body)
    for body in BODIES:
        for _ in range(3):
            wanted = chance.choice(
                ["state = ACTIVE", f"provider = organisations/{chance.choice(BODIES)}", "terms.approval = AUTOMATIC"]
            )
            mode = chance.choice([JOIN, JOIN, PROPOSE])
            await order(api, body, f"i{next(numbers)}", filter=wanted, mode=mode)
    for number in range(OFFERINGS):
        await api.offer(f"o{number}", f"organisations/{chance.choice(BODIES)}", approval=chance.choice([1, 2]))
        await api.publish(f"o{number}")
    await propose(api, "x", offering="offerings/o1", party_class="kind = MUNICIPALITY")
    await accept(api, "x")
    await matcher.passed()
    await api.offerings.WithdrawOffering(f.WithdrawOfferingRequest(name="offerings/o0"))
    await matcher.passed()
    changes = await history(api)
    standing = Standing(0)
    standing.learn(changes)
    made = [change for change in changes if change.actor == "matcher"]
    assert len(made) > 2 * OFFERINGS
    assert {(change.kind, verb(change)) for change in made} <= MAY
    assert not any(matters(change, standing) for change in made), "it would answer itself"


async def test_a_publication_is_answered_once_by_each_who_wants_it(api: Api) -> None:
    matcher = Sentinel(api)
    for body in BODIES:
        await api.body(body)
        for number in range(3):
            await order(api, body, f"i{number}", filter="provider = organisations/a")
    await api.offer("permits")
    for number in range(5):
        await api.publish("permits", f"1.{number}.0")
    await matcher.passed()
    settled = len(await history(api))
    for body in BODIES:
        assert len(await subscriptions(api, body)) == 1, "three orders of one system are one subscription"
    await matcher.passed()
    made = [change for change in (await history(api))[settled:] if change.actor == "matcher"]
    assert {change.name.split("/")[1] for change in made} == {"sentinel"}
