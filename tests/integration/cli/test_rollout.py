"""`gemensam rollout status`: who is there, who is not and why, live, and an exit code for scripts."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1.onboarding_service_pb2_grpc import OnboardingServiceStub
from registry.api.v1.subscription_pb2 import ConvergencePhase
from tests.integration.cli.program import Server, Watcher

OFFERING = "offerings/permits"
RELEASE = f"{OFFERING}/releases/1.0.0"
NAME = "organisations/b/subscriptions/use"
PLANNED, PROVEN = ConvergencePhase.CONVERGENCE_PHASE_PLANNED, ConvergencePhase.CONVERGENCE_PHASE_PROVEN
BODY = """apiVersion: gemensam/v1
kind: Organisation
metadata: {{name: organisations/{0}}}
spec: {{kind: municipality, title: {{sv: T}}, county_code: 22, size: {{inhabitants: 20000, source: made up}}}}
---
apiVersion: gemensam/v1
kind: System
metadata: {{name: organisations/{0}/systems/gw}}
spec: {{title: {{sv: Gateway}}, environment: production}}
---
"""
REST = """apiVersion: gemensam/v1
kind: Offering
metadata: {name: offerings/permits}
spec:
  provider: organisations/a
  title: {sv: Bygglov}
  terms: {approval: automatic}
  campaigns:
  - id: safe
    title: {sv: Säkrare inloggning}
    release: offerings/permits/releases/1.0.0
    deadline: 2020-12-31T23:59:59+01:00
    party_class: kind = MUNICIPALITY
    excuses:
    - {organisation: organisations/a, reason: Är den som erbjuder den}
---
apiVersion: gemensam/v1
kind: Release
metadata: {name: offerings/permits/releases/1.0.0}
spec:
  version: 1.0.0
  interfaces: [{id: api, kind: rest, endpoints: [{environment: production, url: "https://permits.example/api"}]}]
"""


class Rollout:
    """A registry with an offering and a campaign, and what subscribers do there."""

    def __init__(self, server: Server, channel: grpc.Channel) -> None:
        self.server = server
        self._onboarding: Any = OnboardingServiceStub(channel)

    def status(self, *options: str) -> Any:
        return self.server("rollout", "status", OFFERING, *options)

    def join(self, key: str) -> None:
        wanted = {"offering": OFFERING, "system": f"organisations/{key}/systems/gw"}
        request = n.CreateSubscriptionRequest(parent=f"organisations/{key}", subscription_id="use", subscription=wanted)
        self._onboarding.CreateSubscription(request)

    def report(self, key: str, **fields: Any) -> None:
        name = f"organisations/{key}/subscriptions/use"
        self._onboarding.ReportConvergence(n.ReportConvergenceRequest(name=name, convergence=fields))


@pytest.fixture
def rollout(registry: Server) -> Iterator[Rollout]:
    bodies = "".join(BODY.format(key) for key in "abc")
    done = registry("apply", "-", stdin=bodies + REST)
    assert done.code == 0, done.err
    with grpc.insecure_channel(registry.grpc) as channel:
        yield Rollout(registry, channel)


def test_people_see_who_is_late_and_why(rollout: Rollout) -> None:
    rollout.join("b")
    told = {"reason": "POLICY_HOST_DENIED", "message": "permits.example is not allowed\x1b[2J"}
    rollout.report("b", phase=PLANNED, attempts=4, last_error=told, next_attempt_time={"seconds": 1_800_000_000})
    shown = rollout.status("--campaign", "safe")
    assert shown.code == 4
    lines = [re.sub(r"  +", " | ", line) for line in shown.out.splitlines()]
    assert lines == [
        f"{OFFERING}: {RELEASE}",
        "campaign safe, to be done until 2020-12-31 22:59:59 UTC; 2 overdue",
        "0 of 1 subscriptions proven",
        "0 of 2 organisations there; 1 not joined, 1 excused",
        "",
        "phase | subscriptions",
        "planned | 1",
        "",
        "laggard | reason | message | attempts | next attempt",
        f"{NAME} | POLICY_HOST_DENIED | permits.example is not allowed\ufffd[2J | 4 | 2027-01-15 08:00:00",
        "organisations/c | NOT_JOINED",
        "",
        "excused | why",
        "organisations/a | Är den som erbjuder den",
        "",
        "organisations by | required | converged | excused",
        "kind | MUNICIPALITY | 2 | 0 | 1",
        "county | 22 | 2 | 0 | 1",
        "size class | INHABITANTS_15000_49999 | 2 | 0 | 1",
    ]
    assert "and 1 more" in rollout.status("--campaign", "safe", "--max-laggards", "1").out


def test_the_code_says_whether_everybody_is_there(rollout: Rollout) -> None:
    rollout.join("b")
    assert rollout.status().code == 4
    rollout.report("b", phase=PROVEN, observed_release=RELEASE)
    done = rollout.status("--release", "1.0.0")
    assert done.code == 0
    assert "1 of 1 subscriptions proven" in done.out
    assert re.search(r"^time to onboard: p50 \S+ s, p90 \S+ s, p99 \S+ s$", done.out, re.MULTILINE)
    assert rollout.status("--campaign", "safe").code == 4
    (told,) = rollout.status("--json").lines()
    assert (told["converged"], told["release"], "laggards" in told) == ("1", RELEASE, False)


def test_it_goes_on_until_everybody_is_there(rollout: Rollout, watchers: list[Watcher]) -> None:
    watcher = Watcher(rollout.server.grpc, "rollout", "status", OFFERING, "--campaign", "safe", "--watch")
    watchers.append(watcher)
    assert [each["reason"] for each in watcher.next()["laggards"]] == ["NOT_JOINED", "NOT_JOINED"]
    for key in "bc":
        rollout.join(key)
        assert joined(watcher.next())[-1]["organisation"] == f"organisations/{key}"
    for key in "bc":
        rollout.report(key, phase=PROVEN, observed_release=RELEASE)
    shown = json.loads(watcher.process.stdout.read().splitlines()[-1])  # type: ignore[union-attr]
    assert (shown["converged"], shown["total"], shown.get("laggards")) == ("2", "2", None)
    assert watcher.process.wait(30) == 0


def test_it_is_shown_anew_when_only_a_deadline_passes(rollout: Rollout, watchers: list[Watcher]) -> None:
    def deadline(moment: datetime) -> None:
        campaign = REST.replace("2020-12-31T23:59:59+01:00", moment.isoformat())
        assert rollout.server("apply", "-", stdin=campaign).code == 0

    deadline(datetime.now(UTC) + timedelta(days=1))
    watcher = Watcher(rollout.server.grpc, "rollout", "status", OFFERING, "--campaign", "safe", "--watch")
    watchers.append(watcher)
    assert "overdue" not in watcher.next()
    for seconds in (3, 30):  # a slow machine has the first one pass before it answers
        deadline(datetime.now(UTC) + timedelta(seconds=seconds))
        if "overdue" not in (before := watcher.next()):
            break
    after = watcher.next()
    assert (after["overdue"], after["revision"]) == ("2", before["revision"])


def joined(shown: Any) -> list[Any]:
    return [each for each in shown["laggards"] if each["reason"] != "NOT_JOINED"]


def test_ctrl_c_ends_it(rollout: Rollout, watchers: list[Watcher]) -> None:
    watcher = Watcher(rollout.server.grpc, "rollout", "status", OFFERING, "--campaign", "safe", "--watch")
    watchers.append(watcher)
    watcher.next()
    assert watcher.stop() == 130


def test_what_cannot_be_shown_is_refused_as_everywhere(rollout: Rollout) -> None:
    assert rollout.status("--campaign", "none").code == 1
    assert rollout.status("--release", "1.0.0", "--campaign", "safe").code == 2
    assert rollout.status("--address", "127.0.0.1:1").code == 5
