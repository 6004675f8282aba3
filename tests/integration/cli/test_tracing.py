"""`gemensam trace`: every step of a publication from the ledger, for scripts and for people."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1.onboarding_service_pb2_grpc import OnboardingServiceStub
from registry.api.v1.subscription_pb2 import ConvergencePhase
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
    assert "Relay to Kafka: not known here." in done.out


def test_a_revision_that_has_not_been_reached_is_refused(world: Server) -> None:
    done = world("trace", "9999", "--json")
    assert (done.code, done.error()["reason"]) == (1, "REVISION_IN_FUTURE")


def test_a_change_that_nothing_follows_from_is_told_alone(world: Server) -> None:
    first, summary = world("trace", str(revisions(world)["capabilities/building"]), "--json").lines()
    assert (first["name"], summary["subscriptions"]) == ("capabilities/building", 0)


def test_a_store_that_is_named_and_not_there_is_an_error(world: Server, tmp_path: Path) -> None:
    done = world("trace", "1", "--data", tmp_path / "nothing")
    assert (done.code, "no store in the folder" in done.err) == (1, True)
