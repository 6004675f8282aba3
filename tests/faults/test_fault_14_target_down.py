"""Fault 14: one of ten targets is down for long. The nine others do not notice, and the tenth catches up on its own."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from subscribers.backoff import FIRST_SECONDS, LONGEST_SECONDS
from tests.components.receiver import Receiver, receiver
from tests.threats.hooks import hook
from tests.unit.subscribers.bodies import Body, body
from tests.unit.subscribers.build import change, mirror, offering, release, subscription

TARGETS, SERVICES, DOWN_SECONDS = 10, 3, 600.0
KEYS = [f"s{number}" for number in range(SERVICES)]


@pytest.fixture
def endpoints(tmp_path: Path) -> Iterator[tuple[Body, list[Receiver]]]:
    """A body with ten targets, and the ten."""
    with contextlib.ExitStack() as held:
        ends = [held.enter_context(receiver()) for _ in range(TARGETS)]
        hooks = [
            held.enter_context(hook(tmp_path / str(end.port), end.url, end.port, private_ranges=["127.0.0.1/32"]))
            for end in ends
        ]
        offered = [each for key in KEYS for each in (offering(key), release(key=key), subscription(key, key))]
        state = held.enter_context(contextlib.closing(mirror(*offered)))
        yield held.enter_context(body(state, *hooks)), ends


def let_pass(runner: Body, seconds: float) -> int:
    """Passes while so much of the body's own time goes by; returns how many."""
    end, passes = runner.time + seconds, 0
    while runner.time < end:
        runner.time += min(max(runner.run(), 0.05), end - runner.time)
        passes += 1
    return passes


def releases(end: Receiver) -> list[str]:
    return sorted(each["release"] for each in end.held.values())


def test_fault_14_one_target_of_ten_is_down_and_only_that_one_waits(endpoints: tuple[Body, list[Receiver]]) -> None:
    runner, ends = endpoints
    *well, down = ends
    down.cut = True
    runner.run()
    first = [f"offerings/{key}/releases/1.0.0" for key in KEYS]
    assert [releases(each) for each in well] == [first] * len(well), "the first pass serves all that can be served"
    assert set(runner.said()) >= {f"{key} PLANNED TARGET_UNAVAILABLE" for key in KEYS}
    let_pass(runner, DOWN_SECONDS / 2)
    newer: Any = release("2.0.0", key=KEYS[0])
    runner.state.take([change("release", newer, 2)])
    runner.run()
    second = [first[1], first[2], newer.name]
    assert [releases(each) for each in well] == [sorted(second)] * len(well), "what is new is not held up by the tenth"
    let_pass(runner, DOWN_SECONDS / 2)
    assert [len(each.events()) for each in well] == [SERVICES + 1] * len(well), "nobody is told anything twice"
    budget = SERVICES * (DOWN_SECONDS / (LONGEST_SECONDS / 2) + 10)
    assert down.hung_up <= 3 * budget, (
        f"{down.hung_up} tries, while the waits are {FIRST_SECONDS} to {LONGEST_SECONDS} s"
    )
    assert releases(down) == []
    runner.said()
    down.cut = False
    let_pass(runner, LONGEST_SECONDS + 1)
    assert releases(down) == sorted(second)
    assert {f"{key} PROVEN {'2.0.0' if key == KEYS[0] else '1.0.0'}" for key in KEYS} <= set(runner.said())
    assert [len(each.events()) for each in well] == [SERVICES + 1] * len(well)
