"""A target that takes long holds up no other one, and nothing is said of it that is not known."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from subscribers import lanes
from subscribers.adapter import AdapterError, Plan
from subscribers.targets import Targets
from tests.unit.subscribers.bodies import Shelf
from tests.unit.subscribers.test_targets import bring, failures, service, services, targets


class Slow(Shelf):
    """Waits at a gate while it is shut."""

    def __init__(self) -> None:
        super().__init__("slow")
        self.gate = threading.Event()
        self.gate.set()
        self.observes_slowly = self.fails = False

    def observe(self) -> dict[str, str]:
        if self.observes_slowly:
            self.gate.wait(20)
        return dict(super().observe())

    def apply(self, plan: Plan) -> None:
        if not self.observes_slowly:
            self.gate.wait(20)
        if self.fails:
            raise AdapterError("TARGET_REFUSED", "too late", {step.key for step in plan.steps})
        super().apply(plan)


@contextmanager
def blocked(monkeypatch: pytest.MonkeyPatch, slow: Slow, *others: Shelf) -> Iterator[Targets]:
    """Targets of which the slow one waits at its gate, which is opened at the end."""
    monkeypatch.setattr(lanes, "WAIT_SECONDS", 0.5)
    with targets(slow, *others) as made:
        try:
            yield made
        finally:
            slow.gate.set()


def until_idle(made: Targets) -> None:
    deadline = time.monotonic() + 20
    while any(lane.busy for lane in made._lanes):
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("observes_slowly", [True, False])
def test_the_others_go_on_and_nothing_is_said_of_what_is_not_known(
    monkeypatch: pytest.MonkeyPatch, observes_slowly: bool
) -> None:
    slow, well = Slow(), Shelf("well")
    with blocked(monkeypatch, slow, well) as made:
        slow.observes_slowly = observes_slowly
        slow.gate.clear()
        for release in ("1", "2", "3"):
            wanted = [service("s000", release)]
            work = bring(made, wanted)
            assert (failures(work), work.unsure) == ({}, {wanted[0].key})
            assert well.held[wanted[0].key].startswith(f"offerings/x/releases/{release}")
            assert made.at_work
        slow.gate.set()
        until_idle(made)
        work = bring(made, wanted)
        assert (failures(work), work.unsure) == ({}, set())
        assert slow.held == well.held
        assert not made.at_work


def test_what_fails_after_its_pass_is_told_by_the_next_and_not_tried_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, well = Slow(), Shelf("well")
    with blocked(monkeypatch, slow, well) as made:
        slow.gate.clear()
        slow.fails = True
        assert failures(bring(made, services(2))) == {}
        slow.gate.set()
        until_idle(made)
        slow.applied.clear()
        slow.fails = False
        work = bring(made, services(2))
        assert failures(work) == {"s000": "TARGET_REFUSED", "s001": "TARGET_REFUSED"}
        assert slow.held == {}
        assert failures(bring(made, services(2))) == {}
        assert slow.held == well.held


def test_the_only_target_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    with blocked(monkeypatch, slow) as made:
        slow.gate.clear()
        threading.Timer(0.5, slow.gate.set).start()
        work = bring(made, services(1))
        assert (failures(work), work.unsure, len(slow.held)) == ({}, set(), 1)
