"""What leaves a target, and what stays in it: refusals, departures, and hosts that no longer resolve."""

import pytest

from subscribers.events import SnapshotEnd, SnapshotStart
from tests.unit.subscribers.bodies import POLICY, Shelf, body
from tests.unit.subscribers.build import (
    ENDING,
    ONE,
    RETIRED,
    changes,
    interface,
    mirror,
    offering,
    release,
    subscription,
)

pytestmark = pytest.mark.usefixtures("no_luck")


def test_a_stricter_policy_takes_a_service_out() -> None:
    shelf = Shelf()
    state = mirror(*ONE)
    with body(state, shelf) as here:
        here.run()
        assert shelf.held
    stricter = POLICY.model_copy(update={"organisations": ("organisations/x",)})
    with body(state, shelf, policy=stricter) as here:
        here.run()
        assert here.said() == ["s1 PLANNED PROVIDER_NOT_ALLOWED"]
        assert shelf.held == {}


def test_a_refused_upstream_never_reaches_a_target() -> None:
    shelf = Shelf()
    hostile = [
        release(url=url)
        for url in ("http://127.0.0.1:8500", "https://127.0.0.1", "https://service.example.se@evil.example")
    ]
    for number, each in enumerate(hostile):
        with body(mirror(offering(), each, subscription()), shelf) as here:
            here.run()
            assert [finding.problem.reason for finding in here.found] == [
                ["PLAIN_TEXT_NOT_ALLOWED", "HOST_NOT_ALLOWED", "URL_REFUSED"][number]
            ]
    assert shelf.applied == []


def test_a_name_that_turns_to_an_inner_address_is_taken_out() -> None:
    shelf = Shelf()
    with body(mirror(*ONE), shelf) as here:
        here.run()
        here.said()
        here.addresses["service.example.se"] = ["93.184.216.34", "127.0.0.1"]
        here.time += 10
        here.run()
        assert here.said() == ["s1 PLANNED ADDRESS_NOT_ALLOWED"]
        assert shelf.held == {}


def test_a_host_that_resolves_no_more_keeps_what_is_there() -> None:
    shelf = Shelf()
    state = mirror(*ONE)
    with body(state, shelf) as here:
        here.run()
        held = dict(shelf.held)
        here.addresses["service.example.se"] = []
        here.time += 10
        here.run()
        assert here.said()[-1] == "s1 PROVEN 1.0.0", "the last answer stands in"
        assert shelf.held == held
    with body(state, shelf, addresses={"service.example.se": []}) as again:
        again.run()
        assert again.said() == ["s1 PLANNED HOST_UNRESOLVED"]
        assert shelf.held == held
        again.addresses.clear()
        again.time += 10
        again.run()
        assert again.said() == ["s1 PROVEN 1.0.0"]


def test_one_that_leaves_is_removed_only_when_it_is_proven_to_be_gone() -> None:
    shelf = Shelf()
    shelf.stuck = True
    with body(mirror(*ONE), shelf) as here:
        here.run()
        here.said()
        here.take("subscription", subscription(state=ENDING), 5)
        here.run()
        assert here.said() == ["s1 ROUTED STILL_ROUTED"]
        here.run()
        assert here.said() == []
        shelf.stuck = False
        here.time += 1
        here.run()
        assert here.said() == ["s1 REMOVED"]
        assert shelf.probed == ["s1", "-s1", "-s1"]


def test_one_that_leaves_a_target_out_of_reach_is_not_said_to_be_removed() -> None:
    shelf = Shelf()
    with body(mirror(*ONE), shelf) as here:
        here.run()
        here.said()
        shelf.down = True
        here.take("subscription", subscription(state=ENDING), 5)
        here.run()
        assert here.said() == ["s1 PLANNED TARGET_UNAVAILABLE"]
        shelf.down = False
        here.time += 1
        here.run()
        assert here.said() == ["s1 REMOVED"]
        assert shelf.held == {}


def test_a_release_that_is_retired_leaves_a_problem_and_nothing_in_the_target() -> None:
    shelf = Shelf()
    with body(mirror(*ONE), shelf) as here:
        here.run()
        here.said()
        here.take("release", release("1.0.0", RETIRED), 5)
        here.run()
        assert here.said() == ["s1 PLANNED RELEASE_UNAVAILABLE"]
        assert shelf.held == {}


def test_a_registry_restored_to_an_older_state_is_followed_there() -> None:
    shelf = Shelf()
    with body(mirror(*ONE, release("2.0.0")), shelf) as here:
        here.run()
        assert here.said()[-1] == "s1 PROVEN 2.0.0"
        restored = changes(*ONE, release("1.5.0", interfaces=[interface("https://old.example.se")]))
        here.state.take([SnapshotStart(), *restored, SnapshotEnd()])
        here.run()
        assert here.said()[-1] == "s1 PROVEN 1.5.0"
        assert "old.example.se" in shelf.held["organisations/b/subscriptions/s1"]


def test_a_newest_release_that_is_refused_takes_nothing_out() -> None:
    shelf = Shelf()
    with body(mirror(*ONE), shelf) as here:
        here.run()
        here.said()
        here.take("release", release("2.0.0", url="https://evil.example"), 5)
        here.run()
        (finding,) = here.found
        assert (finding.wanted.release, finding.wanted.revision) == ("offerings/permits/releases/1.0.0", 5)
        assert here.said() == ["s1 PROVEN HOST_NOT_ALLOWED"]
        assert len(shelf.applied) == 1
        here.take("release", release("1.0.0", RETIRED), 6)
        here.run()
        assert here.said() == ["s1 PLANNED HOST_NOT_ALLOWED"]
        assert shelf.held == {}
        here.take("release", release("2.0.1"), 7)
        here.run()
        assert here.said() == ["s1 PLANNED 2.0.1", "s1 APPLIED 2.0.1", "s1 PROVEN 2.0.1"]
