"""One pass after another: what is brought, proved, retried, kept, taken away, and said of it."""

from typing import Any

import pytest

from registry.api.v1.subscription_pb2 import Convergence, ConvergencePhase
from subscribers import backoff
from subscribers.adapters.files import FilesAdapter
from tests.unit.subscribers.bodies import Shelf, body
from tests.unit.subscribers.build import (
    ONE,
    change,
    mirror,
    offering,
    release,
    subscription,
)

pytestmark = pytest.mark.usefixtures("no_luck")


def test_a_service_is_planned_applied_and_proven_and_then_nothing_more_is_done(tmp_path: Any) -> None:
    files = FilesAdapter(directory=str(tmp_path / "services"))
    with body(mirror(*ONE), files) as here:
        assert here.run() == pytest.approx(60, abs=1)
        assert here.said() == ["s1 PLANNED 1.0.0", "s1 APPLIED 1.0.0", "s1 PROVEN 1.0.0"]
        (path,) = (tmp_path / "services").iterdir()
        written = path.stat().st_mtime_ns
        here.run()
        assert here.said() == ["s1 PROVEN 1.0.0"]
        assert path.stat().st_mtime_ns == written


def test_a_new_release_moves_the_service_and_a_repair_is_no_news() -> None:
    shelf = Shelf()
    with body(mirror(*ONE), shelf) as here:
        here.run()
        here.said()
        here.take("release", release("1.1.0"), 5)
        here.run()
        assert here.said() == ["s1 PLANNED 1.1.0", "s1 APPLIED 1.1.0", "s1 PROVEN 1.1.0"]
        proven = Convergence(phase=ConvergencePhase.CONVERGENCE_PHASE_PROVEN, observed_revision=5)
        proven.observed_release = "offerings/permits/releases/1.1.0"
        here.take("subscription", subscription(convergence=proven), 9)
        shelf.held["organisations/b/subscriptions/s1"] = "edited by hand"
        shelf.held["organisations/b/subscriptions/other"] = "marked as ours, wanted by nobody"
        shelf.probed.clear()
        here.run()
        assert here.said() == ["s1 PROVEN 1.1.0"]
        assert list(shelf.held) == ["organisations/b/subscriptions/s1"]
        assert shelf.probed == ["s1"], "what was repaired is proven again"


def test_probes_are_repeated_when_their_time_has_come() -> None:
    shelf = Shelf()
    with body(mirror(*ONE), shelf) as here:
        here.run()
        here.time += 59
        assert here.run() == pytest.approx(1, abs=0.5)
        assert shelf.probed == ["s1"]
        here.time += 1
        here.said()
        shelf.dead = {"s1"}
        here.run()
        assert shelf.probed == ["s1", "s1"]
        assert here.said()[-1] == "s1 ROUTED UPSTREAM_UNAVAILABLE"


def test_trouble_is_retried_later_and_later_with_full_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    bounds = [min(60, 0.2 * 2**attempts) for attempts in range(1, 40)]
    waits = [[backoff.delay(attempts) for _ in range(50)] for attempts in range(1, 40)]
    for bound, some in zip(bounds, waits, strict=True):
        assert all(0 <= each <= bound for each in some)
        assert max(some) > bound / 2 > min(some), "not spread over the whole of the bound"
    assert backoff.delay(10**6) <= 60


def test_what_is_in_trouble_waits_its_time_and_others_do_not() -> None:
    shelf = Shelf()
    shelf.dead = {"s1"}
    with body(mirror(*ONE), shelf) as here:
        assert here.run() == pytest.approx(0.4, abs=0.1)
        assert here.said()[-1] == "s1 ROUTED UPSTREAM_UNAVAILABLE"
        here.take("offering", offering("school"), 5)
        here.take("release", release(key="school"), 6)
        here.take("subscription", subscription("s2", "school"), 7)
        here.run()
        assert here.said() == ["s2 PLANNED 1.0.0", "s2 APPLIED 1.0.0", "s2 PROVEN 1.0.0"]
        here.time += 0.5
        assert here.run() == pytest.approx(0.8, abs=0.1)
        (finding,) = [each for each in here.found if each.problem]
        assert (finding.attempts, finding.retry_seconds) == (2, 0.8)
        assert shelf.probed == ["s1", "s2", "s1"]
        shelf.dead = set()
        here.time += 1
        here.run()
        assert "s1 PROVEN 1.0.0" in here.said()
        assert here.run() > 50


def test_new_content_is_tried_at_once_however_long_the_wait_is() -> None:
    shelf = Shelf()
    shelf.refuses = {"s1"}
    with body(mirror(*ONE), shelf) as here:
        here.run()
        assert here.said() == ["s1 PLANNED 1.0.0", "s1 PLANNED TARGET_REFUSED"]
        for _ in range(12):
            here.time += 61
            here.run()
        assert here.found[-1].retry_seconds == 60
        assert here.said() == ["s1 PLANNED TARGET_REFUSED"] * 12, "one more try is no new plan"
        tries = len(shelf.applied)
        here.run()
        assert len(shelf.applied) == tries, "it waits"
        shelf.refuses = set()
        here.said()
        here.take("release", release("1.1.0"), 5)
        here.run()
        assert here.said() == ["s1 PLANNED 1.1.0", "s1 APPLIED 1.1.0", "s1 PROVEN 1.1.0"]


def test_a_new_release_that_is_refused_for_the_same_reason_is_told_at_once() -> None:
    with body(mirror(offering(), release(url="https://evil.example"), subscription()), Shelf()) as here:
        for _ in range(8):
            here.run()
            here.time += 61
        here.run()
        here.said()
        here.take("release", release("1.1.0", url="https://evil.example"), 5)
        here.run()
        assert here.found[-1].attempts == 1
        assert here.said() == ["s1 PLANNED HOST_NOT_ALLOWED"]


def test_one_that_an_adapter_cannot_put_into_words_stops_no_other() -> None:
    shelf = Shelf()
    two = [*ONE, offering("school"), release(key="school"), subscription("s2", "school")]
    with body(mirror(*two), shelf) as here:
        here.run()
        held = dict(shelf.held)
        here.said()
        shelf.speechless = {"s1"}
        here.take("release", release("2.0.0", key="school"), 5)
        here.run()
        assert here.said() == ["s2 PLANNED 2.0.0", "s2 APPLIED 2.0.0", "s1 PLANNED ADAPTER_FAULT", "s2 PROVEN 2.0.0"]
        key = "organisations/b/subscriptions/s1"
        assert shelf.held[key] == held[key]


def test_with_two_targets_each_phase_is_said_once() -> None:
    with body(mirror(*ONE), Shelf("one"), Shelf("two")) as here:
        here.run()
        assert here.said() == ["s1 PLANNED 1.0.0", "s1 APPLIED 1.0.0", "s1 PROVEN 1.0.0"]


def test_findings_carry_the_generation_and_the_trace_of_their_own() -> None:
    state = mirror(offering(), subscription(), offering("school"), subscription("s2", "school"))
    first, second = (f"00-{digit * 32}-{'1' * 16}-01" for digit in "ab")
    with body(state, Shelf()) as here:
        here.take("release", release(), 5, first)
        here.take("release", release(key="school"), 6, second)
        here.run()
        traces = {(each.wanted.subscription.name[-2:], each.traceparent, each.generation) for each in here.found}
        assert traces == {("s1", first, "g"), ("s2", second, "g")}


def test_only_what_concerns_the_body_makes_it_work() -> None:
    with body(mirror(*ONE), Shelf()) as here:
        here.run()
        ours = [
            change("offering", offering()),
            change("release", release("9.0.0")),
            change("subscription", subscription("s9", "x")),
        ]
        others = [
            change("offering", offering("permits-2")),
            change("release", release(key="permits-2")),
            change("subscription", subscription(system="organisations/c/systems/gw")),
        ]
        assert [here.reconciler.concerns(each) for each in ours] == [True, True, True]
        assert [here.reconciler.concerns(each) for each in others] == [False, False, False]


def test_a_preview_changes_nothing_and_shows_problems() -> None:
    shelf = Shelf()
    messages = [
        *ONE,
        offering("school"),
        release(key="school", url="http://x.example.se"),
        subscription("s2", "school"),
    ]
    with body(mirror(*messages), shelf) as here:
        ((name, plan),) = here.reconciler.preview()
        assert (name, [(step.action, step.key[-2:]) for step in plan.steps]) == ("shelf", [("add", "s1")])
        assert {key[-2:]: each.reason for key, each in here.reconciler.problems().items()} == {
            "s2": "PLAIN_TEXT_NOT_ALLOWED"
        }
        assert (shelf.held, here.found) == ({}, [])


def test_a_new_process_over_the_same_mirror_changes_nothing() -> None:
    shelf = Shelf()
    state = mirror(*ONE)
    for _ in range(2):
        with body(state, shelf) as here:
            here.run()
            assert here.said()[-1] == "s1 PROVEN 1.0.0"
    assert len(shelf.applied) == 1


def test_passes_that_only_time_asks_for_leave_the_processor_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([10.0, 13.0])
    monkeypatch.setattr("subscribers.reconcile.time.thread_time", lambda: next(seconds))
    shelf = Shelf()
    shelf.dead = {"s1"}
    with body(mirror(*ONE), shelf) as here:
        assert here.run() == 12.0
