"""What the registry hears: the newest of each subscription, once, and nothing that it knows already."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest

from registry.api.v1 import onboarding_service_pb2 as pb
from registry.api.v1.onboarding_service_pb2_grpc import (
    OnboardingServiceServicer,
    add_OnboardingServiceServicer_to_server,
)
from registry.api.v1.subscription_pb2 import Convergence, ConvergencePhase, Subscription
from registry.reach import Reach
from subscribers import backoff
from subscribers.client import Client
from subscribers.desired import Wanted
from subscribers.reconcile import Finding
from subscribers.reporting import Reporter
from subscribers.services import Problem
from tests.e2e.street import until

PLANNED, APPLIED = ConvergencePhase.CONVERGENCE_PHASE_PLANNED, ConvergencePhase.CONVERGENCE_PHASE_APPLIED
PROVEN = ConvergencePhase.CONVERGENCE_PHASE_PROVEN
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


class Ear(OnboardingServiceServicer):
    """A server that hears reports, and answers them as the test wants."""

    def __init__(self) -> None:
        self.heard: list[pb.ReportConvergenceRequest] = []
        self.metadata: dict[str, str] = {}
        self.answer: Callable[[int], grpc.StatusCode | None] = lambda _count: None
        self.gate = asyncio.Event()
        self.gate.set()

    async def ReportConvergence(  # noqa: N802 - the contract's name
        self, request: Any, context: Any
    ) -> pb.ReportConvergenceResponse:
        self.heard.append(request)
        self.metadata = dict(context.invocation_metadata())
        await self.gate.wait()
        if code := self.answer(len(self.heard)):
            await context.abort(code, "no")
        return pb.ReportConvergenceResponse()

    def said(self, key: str = "s1") -> list[str]:
        """Phases heard of a subscription, in order."""
        mine = [each.convergence for each in self.heard if each.name.endswith(f"/{key}")]
        return [ConvergencePhase.Name(each.phase).removeprefix("CONVERGENCE_PHASE_") for each in mine]


class Telling:
    """A reporter at work towards an ear."""

    def __init__(self, ear: Ear, reporter: Reporter) -> None:
        self.ear, self.reporter = ear, reporter

    def tell(
        self, phase: int, reason: str = "", attempts: int = 0, key: str = "s1", known: Convergence | None = None
    ) -> None:
        about = Subscription(name=f"organisations/b/subscriptions/{key}", convergence=known)
        wanted = Wanted(about, "", "", "offerings/x/releases/1.0.0", 7, TRACE, ())
        problem = Problem(reason, "why") if reason else None
        self.reporter.tell(Finding(wanted, "g", phase, TRACE, problem, attempts, 5.0))  # type: ignore[arg-type]

    async def rest(self) -> None:
        """Until nothing waits and nothing is under way."""

        async def idle() -> bool:
            return self.reporter.idle

        await until(idle)


@pytest.fixture
async def telling(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Telling]:
    """A reporter and the server that it reports to."""
    monkeypatch.setattr(backoff.random, "uniform", lambda _low, _high: 0.01)
    ear, server = Ear(), grpc.aio.server()
    add_OnboardingServiceServicer_to_server(ear, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    client = Client(Reach(f"127.0.0.1:{port}"), "organisations/b/systems/gw")
    reporter = Reporter(client)
    task = asyncio.create_task(reporter.run())
    yield Telling(ear, reporter)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await client.close()
    await server.stop(None)


async def test_a_report_says_what_was_found_by_whom_and_why(telling: Telling) -> None:
    telling.tell(PROVEN)
    telling.tell(PLANNED, "HOST_NOT_ALLOWED", 3, key="s2")
    await telling.rest()
    first, second = sorted(telling.ear.heard, key=lambda each: each.name)
    assert (first.generation, first.convergence.observed_release) == ("g", "offerings/x/releases/1.0.0")
    assert (first.convergence.observed_revision, first.convergence.trace_id) == (7, "a" * 32)
    assert not first.convergence.HasField("next_attempt_time")
    assert (second.convergence.last_error.reason, second.convergence.attempts) == ("HOST_NOT_ALLOWED", 3)
    assert second.convergence.HasField("next_attempt_time")
    assert telling.ear.metadata["gemensam-actor"] == "organisations/b/systems/gw"
    assert telling.ear.metadata["traceparent"] == TRACE


async def test_what_comes_too_fast_is_told_by_its_newest(telling: Telling) -> None:
    telling.ear.gate.clear()
    telling.tell(PLANNED)

    async def heard() -> bool:
        return bool(telling.ear.heard)

    await until(heard)
    for phase in (APPLIED, PLANNED, APPLIED, PROVEN):
        telling.tell(phase)
    telling.tell(PROVEN, key="s2")

    async def other() -> bool:
        return telling.ear.said("s2") == ["PROVEN"]

    await until(other)
    telling.ear.gate.set()
    await telling.rest()
    assert telling.ear.said() == ["PLANNED", "PROVEN"]


async def test_what_the_registry_knows_is_not_told_again(telling: Telling) -> None:
    known = Convergence(phase=PROVEN, observed_release="offerings/x/releases/1.0.0", observed_revision=7)
    telling.tell(PROVEN, known=known)
    await telling.rest()
    assert telling.ear.heard == []
    known.observed_revision = 6
    telling.tell(PROVEN, known=known)
    telling.tell(PROVEN, key="s2")
    await telling.rest()
    telling.tell(PROVEN)
    telling.tell(PROVEN, key="s2")
    await telling.rest()
    assert (telling.ear.said(), telling.ear.said("s2")) == (["PROVEN"], ["PROVEN"])


async def test_of_attempts_only_doublings_are_news(telling: Telling) -> None:
    for attempts in range(1, 40):
        telling.tell(PLANNED, "UPSTREAM_UNAVAILABLE", attempts)
        await telling.rest()
    assert [each.convergence.attempts for each in telling.ear.heard] == [1, 2, 4, 8, 16, 32]
    telling.tell(PLANNED, "UPSTREAM_UNAVAILABLE", 1)
    await telling.rest()
    assert telling.ear.heard[-1].convergence.attempts == 1, "it had worked in between, or the runner is new"


async def test_after_a_snapshot_everything_is_told_again(telling: Telling) -> None:
    telling.tell(PROVEN)
    await telling.rest()
    telling.reporter.forget()
    telling.tell(PROVEN)
    await telling.rest()
    assert telling.ear.said() == ["PROVEN", "PROVEN"]


@pytest.mark.parametrize(
    "code", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "INTERNAL", "UNKNOWN", "CANCELLED"]
)
async def test_what_may_succeed_later_is_told_until_it_does(telling: Telling, code: str) -> None:
    telling.ear.answer = lambda count: grpc.StatusCode[code] if count < 4 else None
    telling.tell(PROVEN)
    await telling.rest()
    assert telling.ear.said() == ["PROVEN"] * 4


async def test_while_it_is_tried_again_something_newer_takes_its_place(telling: Telling) -> None:
    telling.ear.answer = lambda count: grpc.StatusCode.UNAVAILABLE if count < 4 else None
    telling.tell(PLANNED)

    async def tried() -> bool:
        return bool(telling.ear.heard)

    await until(tried)
    telling.tell(PROVEN)
    await telling.rest()
    said = telling.ear.said()
    assert (said[0], said[-1], said) == ("PLANNED", "PROVEN", sorted(said))


@pytest.mark.parametrize(
    "code", ["FAILED_PRECONDITION", "ABORTED", "NOT_FOUND", "INVALID_ARGUMENT", "PERMISSION_DENIED"]
)
async def test_what_is_refused_is_told_once_and_what_is_new_is_told_again(telling: Telling, code: str) -> None:
    telling.ear.answer = lambda _count: grpc.StatusCode[code]
    for _ in range(3):
        telling.tell(APPLIED)
        await telling.rest()
    assert telling.ear.said() == ["APPLIED"]
    telling.tell(PROVEN)
    await telling.rest()
    assert telling.ear.said() == ["APPLIED", "PROVEN"]


async def test_one_that_cannot_be_sent_stops_no_other(telling: Telling) -> None:
    telling.tell(PLANNED, "\udcff", key="s2")
    telling.tell(PROVEN)
    await telling.rest()
    assert telling.ear.said() == ["PROVEN"]
