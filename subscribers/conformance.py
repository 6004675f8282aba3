"""The suite that every adapter passes, ours and others'. Needs no test framework: each check raises AssertionError.

For pytest: `@pytest.mark.parametrize("check", CHECKS)` and call `run(check, target)` with a `Target` of your own.
"""

import contextlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from subscribers import crash
from subscribers.adapter import Adapter, AdapterError, Plan, Route, Service, Upstream, plan
from subscribers.rehearsal import published, rehearsal
from subscribers.settings import make_adapter

KILLS = 12
MANY = 1000


class Target(Protocol):
    """A real target, empty of ours, as its adapter's author provides it to the suite.

    `options`: the adapter's part of a configuration, with `kind`. `upstream`: a place that answers 200 to every GET.
    """

    options: Mapping[str, Any]
    upstream: Upstream

    def put_foreign(self) -> None:
        """Put something of somebody else into the target, without our mark."""

    def foreign(self) -> str:
        """What the target holds of others, as text."""

    def traces(self) -> str:
        """Anything in the target by which ours could be told to have been there; '' for none."""

    def is_valid(self) -> bool:
        """Whether the target's own program takes its configuration."""


def service(number: int, upstream: Upstream, release: str = "1.0.0", title: str = "Tjänsten") -> Service:
    """A service of the suite."""
    key = f"organisations/b/subscriptions/s{number}"
    route = Route("api", upstream, f"/b/s{number}/api", f"api.s{number}.b.gemensam.internal")
    offering = f"offerings/s{number}"
    return Service(key, offering, f"{offering}/releases/{release}", title, "production", (route,))


def bring(adapter: Adapter, services: Sequence[Service]) -> Plan:
    """Plan and apply; returns what had to be done."""
    steps = plan(adapter, services, adapter.observe())
    if steps.steps:
        adapter.apply(steps)
    return steps


def holds(adapter: Adapter, services: Sequence[Service]) -> None:
    """The target holds these services and no other of ours."""
    assert dict(adapter.observe()) == {each.key: adapter.render(each) for each in services}


def describes_itself(_target: Target, adapter: Adapter) -> None:
    """A name and a target are there for people, without I/O; a target that is set up passes the adapter's own check."""
    description = adapter.describe()
    adapter.check()
    assert description.name
    assert description.target


def applying_twice_changes_nothing(target: Target, adapter: Adapter) -> None:
    """The second plan is empty, and applying the first again is harmless."""
    services = [service(n, target.upstream) for n in range(3)]
    first = bring(adapter, services)
    assert len(first.steps) == len(services)
    assert bring(adapter, services) == Plan()
    adapter.apply(first)
    holds(adapter, services)


def any_order_gives_the_same(target: Target, adapter: Adapter) -> None:
    """Whatever was there in between, the end is what is desired."""
    services = [service(n, target.upstream) for n in range(4)]
    newer = [service(n, target.upstream, "2.0.0") for n in range(4)]
    dice = random.Random(7)  # noqa: S311 - the same shuffles each time
    for _ in range(4):
        for _ in range(3):
            some = [dice.choice(pair) for pair in dice.sample(list(zip(services, newer, strict=True)), 3)]
            bring(adapter, some)
        dice.shuffle(newer)
        bring(adapter, newer)
        holds(adapter, newer)


def killed_anywhere_and_run_again_gives_the_same(target: Target, adapter: Adapter) -> None:
    """SIGKILL in the middle of applying: a new process brings the target where the first one would have."""
    old = [service(n, target.upstream) for n in range(20)]
    new = [service(n, target.upstream, "2.0.0") for n in range(10, 30)]
    started = time.monotonic()
    bring(adapter, old)
    whole = time.monotonic() - started
    with crash.Crashes() as crashes:
        for number in range(KILLS):
            bring(adapter, old)
            crashes.begin(target.options, new)
            time.sleep(whole * number / KILLS)
            crashes.kill()
            bring(adapter, new)
            holds(adapter, new)
            assert target.is_valid()


def things_of_others_stay(target: Target, adapter: Adapter) -> None:
    """Adding, changing and removing ours leaves theirs untouched."""
    target.put_foreign()
    before = target.foreign()
    assert before
    for services in ([service(0, target.upstream)], [service(0, target.upstream, "2.0.0")], []):
        bring(adapter, services)
        assert target.foreign() == before
    bring(adapter, [service(1, target.upstream)])
    adapter.remove()
    assert target.foreign() == before


def removal_leaves_no_trace(target: Target, adapter: Adapter) -> None:
    """Nothing tells that ours were there."""
    bring(adapter, [service(n, target.upstream) for n in range(3)])
    assert target.traces()
    adapter.remove()
    assert target.traces() == ""
    assert dict(adapter.observe()) == {}


def a_dry_run_changes_nothing(target: Target, adapter: Adapter) -> None:
    """Planning shows the difference and leaves the target alone."""
    bring(adapter, [service(0, target.upstream)])
    before = target.traces()
    shown = plan(adapter, [service(1, target.upstream)], adapter.observe())
    assert [step.key.rsplit("/", 1)[1] for step in shown.steps] == ["s0", "s1"]
    assert all(step.diff() for step in shown.steps)
    assert target.traces() == before


def drift_is_seen_and_repaired(target: Target, adapter: Adapter) -> None:
    """What somebody else changed in ours is noticed by comparing, not remembered."""
    bring(adapter, [service(0, target.upstream, "9.9.9")])
    with contextlib.closing(make_adapter(target.options)) as other:
        bring(other, [service(0, target.upstream)])
    holds(adapter, [service(0, target.upstream)])


def a_thousand_services(target: Target, adapter: Adapter) -> None:
    """They go in, are seen, and a second look finds nothing to do."""
    services = [service(n, target.upstream) for n in range(MANY)]
    bring(adapter, services)
    holds(adapter, services)
    assert bring(adapter, services) == Plan()
    assert target.is_valid()


def a_probe_tells_the_truth(target: Target, adapter: Adapter) -> None:
    """There: proven. Another release: not. Gone: proven to be gone."""
    here = service(0, target.upstream)
    bring(adapter, [here])
    assert adapter.probe(here).reason == ""
    assert adapter.probe_gone(here).reason
    assert adapter.probe(service(0, target.upstream, "2.0.0")).reason
    assert adapter.probe(service(1, target.upstream)).reason
    bring(adapter, [])
    assert adapter.probe(here).reason
    assert adapter.probe_gone(here).reason == ""


HOSTILE = (
    '"; } evil {',
    "a\r\nset-cookie: x=1",
    "%REQ(authorization)%",
    "../../x",
    "${jndi:x}",
    "\0",
    "é\u202e",
    "{{7*7}}",
)


def hostile_texts_cannot_break_the_target(target: Target, adapter: Adapter) -> None:
    """Titles are whatever a provider writes; keys that are no names are refused without harm to others."""
    good = service(0, target.upstream)
    hostile = [service(n + 1, target.upstream, title=text) for n, text in enumerate(HOSTILE)]
    bring(adapter, [good, *hostile])
    holds(adapter, [good, *hostile])
    assert target.is_valid()
    assert adapter.probe(good).reason == ""
    for text in HOSTILE:
        bad = Service(
            f"organisations/b/subscriptions/{text}",
            "offerings/x",
            "offerings/x/releases/1",
            "x",
            "production",
            good.routes,
        )
        with contextlib.suppress(AdapterError):
            bring(adapter, [good, bad])
        bring(adapter, [good])
        holds(adapter, [good])
        assert target.is_valid()
        assert adapter.probe(good).reason == ""


def what_the_policy_refuses_never_reaches_it(target: Target, adapter: Adapter) -> None:
    """Neither as a new service nor as a new release of one that is there, and what is allowed is served."""
    with rehearsal(target.options, target.upstream) as (state, reconciler, found):
        inner = replace(target.upstream, host="169.254.169.254")
        state.take([*published(service(0, target.upstream)), *published(service(1, inner))])
        reconciler.run()
        holds(adapter, [service(0, target.upstream)])
        other = replace(target.upstream, port=target.upstream.port % 65535 + 1)
        state.take(published(service(0, other, "2.0.0"), revision=2))
        reconciler.run()
        holds(adapter, [service(0, target.upstream)])
        state.take(published(service(0, other), revision=3))
        reconciler.run()
        holds(adapter, [])
        problems = {each.wanted.subscription.name[-2:]: each.problem.reason for each in found if each.problem}
        assert problems == {"s0": "PORT_NOT_ALLOWED", "s1": "ADDRESS_NOT_ALLOWED"}


def an_older_event_changes_nothing(target: Target, adapter: Adapter) -> None:
    """What is told late, or twice, is not brought back."""
    newer = published(service(0, target.upstream, "2.0.0"), revision=5)
    with rehearsal(target.options, target.upstream) as (state, reconciler, _found):
        state.take(newer)
        reconciler.run()
        for late in ([replace(each, document=None, revision=4) for each in newer], newer):
            state.take(late)
            reconciler.run()
            holds(adapter, [service(0, target.upstream, "2.0.0")])


def run(check: str, target: Target) -> None:
    """One check with an adapter of the target, closed afterwards. Errors: AssertionError."""
    with contextlib.closing(make_adapter(target.options)) as adapter:
        CHECKS[check](target, adapter)


Check = Callable[[Target, Adapter], None]
CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for check in (
        describes_itself,
        applying_twice_changes_nothing,
        any_order_gives_the_same,
        killed_anywhere_and_run_again_gives_the_same,
        things_of_others_stay,
        removal_leaves_no_trace,
        a_dry_run_changes_nothing,
        drift_is_seen_and_repaired,
        a_thousand_services,
        a_probe_tells_the_truth,
        hostile_texts_cannot_break_the_target,
        what_the_policy_refuses_never_reaches_it,
        an_older_event_changes_nothing,
    )
}
