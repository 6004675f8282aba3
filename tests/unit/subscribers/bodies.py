"""A receiving body in one process: its mirror, its policy, its targets, and what it would report."""

from collections.abc import Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from registry.api.v1.subscription_pb2 import ConvergencePhase
from subscribers.adapter import Adapter, AdapterError, Description, Plan, Proof, Service
from subscribers.policy import Policy, Unresolved
from subscribers.reconcile import Finding, Reconciler
from subscribers.resolver import Resolver
from subscribers.state import State
from subscribers.targets import Targets
from tests.unit.subscribers.build import SYSTEM, change

POLICY = Policy(organisations=("organisations/*",), hosts=("*.example.se",))


class Shelf:
    """An adapter whose target is a shelf in memory: what others write, with the faults that targets have.

    `refuses`, `breaks`, `speechless`, `dead`: parts of keys that are refused with the key named; refused without a word
    on whose fault it is; cannot be rendered; do not answer probes. `down`: the target is out of reach.
    """

    def __init__(self, name: str = "shelf") -> None:
        self.name = name
        self.held: dict[str, str] = {}
        self.refuses: set[str] = set()
        self.breaks: set[str] = set()
        self.speechless: set[str] = set()
        self.dead: set[str] = set()
        self.down = self.stuck = False
        self.applied: list[list[str]] = []
        self.probed: list[str] = []

    def describe(self) -> Description:
        return Description(self.name, "memory", probes=True)

    def check(self) -> None:
        """Always there."""

    def render(self, service: Service) -> str:
        if _hit(self.speechless, service.key):
            raise KeyError(service.key)
        return f"{service.release} {[route.upstream for route in service.routes]}"

    def observe(self) -> Mapping[str, str]:
        if self.down:
            raise AdapterError("TARGET_UNAVAILABLE", "the shelf is out of reach")
        return dict(self.held)

    def apply(self, plan: Plan) -> None:
        keys = [step.key for step in plan.steps]
        self.applied.append([_short(key) for key in keys])
        if self.down:
            raise AdapterError("TARGET_UNAVAILABLE", "the shelf is out of reach")
        if refused := [key for key in keys if _hit(self.refuses, key)]:
            raise AdapterError("TARGET_REFUSED", "it says which", refused)
        if any(_hit(self.breaks, key) for key in keys):
            raise RuntimeError("a fault of the adapter's own")
        for step in plan.steps:
            if step.after:
                self.held[step.key] = step.after
            elif not self.stuck:
                del self.held[step.key]

    def probe(self, service: Service) -> Proof:
        self.probed.append(_short(service.key))
        if _hit(self.dead, service.key):
            return Proof("UPSTREAM_UNAVAILABLE", "no answer")
        return Proof() if self.held.get(service.key) == self.render(service) else Proof("NOT_ROUTED", "not there")

    def probe_gone(self, service: Service) -> Proof:
        self.probed.append(f"-{_short(service.key)}")
        return Proof("STILL_ROUTED", "still there") if service.key in self.held else Proof()

    def remove(self) -> None:
        self.held.clear()

    def close(self) -> None:
        """Nothing is held open."""


@dataclass
class Body:
    """One reconciler with all that it needs; `time` is what its clock shows."""

    state: State
    adapters: Sequence[Adapter]
    policy: Policy = POLICY
    time: float = 1000.0
    found: list[Finding] = field(default_factory=list)
    addresses: dict[str, Sequence[str]] = field(default_factory=dict)
    reconciler: Any = None
    targets: Any = None

    def take(self, kind: str, message: Any, revision: int, traceparent: str = "") -> None:
        """Let the mirror have a change."""
        self.state.take([change(kind, message, revision, traceparent)])

    def look_up(self, host: str) -> Sequence[str]:
        if not (found := self.addresses.get(host, ["93.184.216.34"])):
            raise Unresolved(f"{host} has no address now")
        return found

    def start(self) -> None:
        """A new process over the same mirror and targets."""
        self.targets = Targets(self.adapters)
        resolver = Resolver(self.look_up, lambda: self.time)
        self.reconciler = Reconciler(
            self.state,
            [SYSTEM],
            self.policy,
            self.targets,
            self.found.append,
            resolver=resolver,
            clock=lambda: self.time,
        )

    def run(self) -> float:
        """One pass."""
        seconds: float = self.reconciler.run()
        return seconds

    def said(self) -> list[str]:
        """What was found since the last question, as `s1 PROVEN 1.0.0` or `s1 PLANNED REASON`."""
        lines = []
        for each in self.found:
            phase = ConvergencePhase.Name(each.phase).removeprefix("CONVERGENCE_PHASE_")
            word = each.problem.reason if each.problem else each.wanted.release.rpartition("/")[2]
            lines.append(f"{_short(each.wanted.subscription.name)} {phase} {word}".strip())
        self.found.clear()
        return lines


@contextmanager
def body(state: State, *adapters: Adapter, **fields: Any) -> Any:
    """A body for as long as the block lasts."""
    made = Body(state, adapters, **fields)
    made.start()
    with closing(made.targets), closing(made.reconciler):
        yield made


def _short(key: str) -> str:
    return key.rpartition("/")[2]


def _hit(words: set[str], key: str) -> bool:
    return any(word in key for word in words)
