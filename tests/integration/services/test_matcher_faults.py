"""Nothing that one body stored stops the matching of the others."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from registry.api.v1.change_pb2 import Change
from registry.api.v1.interest_pb2 import Interest
from registry.api.v1.offering_pb2 import Offering
from registry.app import Running, running
from registry.errors import Conflict
from registry.services import joining, matching
from registry.settings import Settings
from registry.store import Batch, Command
from registry.store.leading import LEASE_SECONDS
from tests.integration.api import Api
from tests.integration.services.street import JOIN, Sentinel, offered, order, states, subscriptions

BAD = "planet = 1"  # no version of the registry takes it, but an older one may have


async def store(registry: Running, message: Any) -> None:
    """Put a resource there without asking the rules."""

    def run(batch: Batch) -> Any:
        batch.put(message, "created")
        return message

    await registry.store.write(Command(run=run))


async def test_an_interest_that_cannot_be_read_stops_no_other(api: Api, registry_server: Running) -> None:
    matcher = Sentinel(api)
    await offered(api)
    with capture_logs() as logs:
        bad = Interest(name="organisations/b/interests/bad", filter=BAD, mode=JOIN, system="organisations/b/systems/gw")  # type: ignore[arg-type]
        await store(registry_server, bad)
        await order(api, "b")
        await matcher.passed()
    assert await states(api, "b") == ["APPROVED"]
    assert {log.get("name") for log in logs if log["event"] == "matcher.unreadable_interest"} == {bad.name}


async def test_an_offering_whose_terms_cannot_be_read_stops_no_other(api: Api, registry_server: Running) -> None:
    matcher = Sentinel(api)
    await offered(api)
    bad = Offering(name="offerings/bad", provider="organisations/a", terms={"eligibility": BAD, "approval": 1})  # type: ignore[arg-type]
    bad.state = 1  # type: ignore[assignment]
    await store(registry_server, bad)
    await api.publish("bad")
    await matcher.passed()  # else a matcher that is late meets the order with the publication, and again with the order
    with capture_logs() as logs:
        await order(api, "b", filter="provider = organisations/a")
        await matcher.passed()
    assert [each.offering for each in await subscriptions(api, "b")] == ["offerings/permits"]
    assert [log["reason"] for log in logs if log["event"] == "matcher.refused"] == ["FILTER_INVALID"]


@pytest.mark.parametrize("fault", [ValueError("unforeseen"), Conflict("ETAG_MISMATCH", "unforeseen")])
async def test_a_change_that_cannot_be_understood_is_passed_over(
    api: Api, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """Alone: those before and after it on the same page are matched."""

    def due(view: Any, changes: Sequence[Change], *rest: Any) -> Iterator[joining.Effect]:
        if any(change.name == "organisations/b/interests/two" for change in changes):
            raise fault
        return joining.due(view, changes, *rest)

    monkeypatch.setattr(matching, "due", due)
    matcher = Sentinel(api)
    await offered(api)
    for key in ("one", "two", "three"):
        await api.offer(key)
        await api.publish(key)
    with capture_logs() as logs:
        for key in ("one", "two", "three"):
            await order(api, "b", key, filter=f'name = "offerings/{key}"')
        await matcher.passed()
    assert sorted(each.offering for each in await subscriptions(api, "b")) == ["offerings/one", "offerings/three"]
    assert [log["name"] for log in logs if log["event"] == "matcher.passed_over"] == ["organisations/b/interests/two"]


async def test_the_next_server_matches_at_once(settings: Settings) -> None:
    """One that stops in order gives its lease back: nobody waits until it would have ended."""
    for key in ("b", "c"):
        async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
            api = Api(channel)
            if key == "b":
                await offered(api)
            else:
                await api.body("c")
            await order(api, key)
            async with asyncio.timeout(LEASE_SECONDS / 2):
                while not await states(api, key):
                    await asyncio.sleep(0.02)
            assert await states(api, key) == ["APPROVED"]
