"""`gemensam trace`: every step of a publication from the ledger, for scripts and for people."""

import asyncio
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1.onboarding_service_pb2_grpc import OnboardingServiceStub
from registry.api.v1.subscription_pb2 import ConvergencePhase
from registry.store.sqlstore import open_store
from tests.integration.cli import definitions
from tests.integration.cli.program import Server

RELEASE = "offerings/permits/releases/1.0.0"
SUBSCRIPTION = "organisations/a/subscriptions/use"
TRACE = "3" * 32
CALLER = (("traceparent", f"00-{TRACE}-{'4' * 16}-00"), ("gemensam-actor", "organisations/a/systems/gw"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A release that a body was subscribed to; the first attempt failed, the second proved it."""
    folder = tmp_path_factory.mktemp("world")
    server = Server(folder / "data")
    assert server("apply", definitions.folder(folder / "defs")).code == 0
    with grpc.insecure_channel(server.grpc) as channel:
        stub: Any = OnboardingServiceStub(channel)
        wish = {"offering": "offerings/permits", "system": "organisations/a/systems/gw"}
        request = n.CreateSubscriptionRequest(parent="organisations/a", subscription_id="use", subscription=wish)
        stub.CreateSubscription(request, metadata=CALLER)
        refused = {"reason": "NO_ROUTE", "message": "the gateway has no route"}
        for phase, more in (("APPLIED", {"last_error": refused, "attempts": 2}), ("PROVEN", {})):
            seen = {
                "phase": ConvergencePhase.Value(f"CONVERGENCE_PHASE_{phase}"),
                "observed_release": RELEASE,
                "trace_id": TRACE,
                **more,
            }
            stub.ReportConvergence(n.ReportConvergenceRequest(name=SUBSCRIPTION, convergence=seen), metadata=CALLER)
    yield server
    server.stop()


def revisions(server: Server) -> dict[str, int]:
    """The revision of each resource's first change."""
    found: dict[str, int] = {}
    for each in server("ledger", "tail", "-n", "100", "--json").lines():
        found.setdefault(each["name"], int(each["revision"]))
    return found


@pytest.mark.parametrize("name", ["offerings/permits", RELEASE, SUBSCRIPTION])
def test_a_change_of_each_kind_leads_to_the_proof(world: Server, name: str) -> None:
    done = world("trace", str(revisions(world)[name]), "--json")
    assert done.code == 0, done.err
    *steps, summary = done.lines()
    assert steps[0]["name"] == name
    created, failed, proven = steps[-3:]
    assert [each["step"] for each in steps[-3:]] == [
        "subscription created",
        "subscription reported",
        "subscription converged",
    ]
    assert (created["actor"], created["trace_id"]) == ("organisations/a/systems/gw", TRACE)
    assert (failed["result"], failed["error"], failed["attempts"]) == ("provisioning, applied", "NO_ROUTE", 2)
    assert (proven["result"], proven["trace_id"]) == ("active, proven", TRACE)
    assert proven["onboard_ms"] > 0
    assert (summary["subscriptions"], summary["proven"]) == (1, 1)
    assert summary["relay"] == {"position": None, "passed": None}


def test_people_are_shown_it_as_a_table_and_a_sum(world: Server) -> None:
    done = world("trace", str(revisions(world)[RELEASE]))
    assert done.code == 0
    assert "NO_ROUTE (2 attempts): the gateway has no route" in done.out
    assert "1 of 1 subscriptions proven, the slowest in" in done.out
    assert "Relay to Kafka: none is known." in done.out


def test_a_revision_that_has_not_been_reached_is_refused(world: Server) -> None:
    done = world("trace", "9999", "--json")
    assert (done.code, done.error()["reason"]) == (1, "REVISION_IN_FUTURE")


def test_a_change_that_nothing_follows_from_is_told_alone(world: Server) -> None:
    first, summary = world("trace", str(revisions(world)["capabilities/building"]), "--json").lines()
    assert (first["name"], summary["subscriptions"]) == ("capabilities/building", 0)


def test_how_far_the_relay_has_come_is_told_by_the_api(world: Server) -> None:
    """Last: from here on there has been a relay."""
    store = open_store(f"sqlite:///{world.data}/gemensam.db", migrate=False)
    try:
        for position, passed, words in ((2, False, "has not come to it"), (4, True, "passed it")):
            asyncio.run(store.reposition("relay", position))
            *_, summary = world("trace", "3", "--json").lines()
            assert summary["relay"] == {"position": position, "passed": passed}
            assert f"Relay to Kafka: {words}, at revision {position}." in world("trace", "3").out
    finally:
        store.close()
