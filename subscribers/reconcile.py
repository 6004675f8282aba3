"""One pass of work: compare what is wanted with what the targets hold, bring it there, prove it, say how far it came.

Level-triggered: a pass looks at states, never at what happened. It can be cut at any point and run again. It blocks,
and runs on a thread of its own.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from opentelemetry.trace import SpanKind

from registry import telemetry
from registry.api.v1.subscription_pb2 import ConvergencePhase
from registry.telemetry import attributes as names
from subscribers import backoff
from subscribers.adapter import AdapterError, Plan, Proof, Service
from subscribers.desired import Wanted, wanted
from subscribers.events import Changed
from subscribers.policy import Policy
from subscribers.resolver import Resolver
from subscribers.services import Judged, Problem, hosts, judge
from subscribers.state import State
from subscribers.targets import PROBE_WAIT_SECONDS, Targets

PLANNED, APPLIED = ConvergencePhase.CONVERGENCE_PHASE_PLANNED, ConvergencePhase.CONVERGENCE_PHASE_APPLIED
ROUTED, PROVEN = ConvergencePhase.CONVERGENCE_PHASE_ROUTED, ConvergencePhase.CONVERGENCE_PHASE_PROVEN
REMOVED = ConvergencePhase.CONVERGENCE_PHASE_REMOVED
PROBE_SECONDS = 60.0
REST = 4.0  # passes that nothing but time asks for take at most a fifth of a processor


@dataclass(frozen=True, slots=True)
class Finding:
    """How far one subscription has come. `retry_seconds`: when it is tried again, for one with a problem.

    `generation` is that of the mirror that it was found by.
    """

    wanted: Wanted
    generation: str
    phase: "ConvergencePhase.ValueType"
    traceparent: str
    problem: Problem | None = None
    attempts: int = 0
    retry_seconds: float = 0.0


@dataclass(slots=True)
class Standing:
    """What this process remembers of one subscription. `content`: what was tried last; a new one is tried at once."""

    content: str = ""
    proven_at: float | None = None
    attempts: int = 0
    due: float = 0.0


class Reconciler:
    """Brings wanted services into the targets. `tell` gets a finding whenever a subscription has moved."""

    def __init__(
        self,
        state: State,
        systems: Collection[str],
        policy: Policy,
        targets: Targets,
        tell: Callable[[Finding], None],
        *,
        probe_seconds: float = PROBE_SECONDS,
        resolver: Resolver | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state, self._systems, self._policy, self._targets, self._tell = state, systems, policy, targets, tell
        self._probe_seconds, self._resolver, self._clock = probe_seconds, resolver or Resolver(), clock
        self._standing: dict[str, Standing] = {}
        self._offerings: frozenset[str] = frozenset()
        self._now, self._traceparent, self._generation = clock(), "", ""

    def run(self) -> float:
        """One pass; returns the seconds until the next one is due, if nothing changes before."""
        worked = time.thread_time()
        rendered = [self._rendered(each) for each in self._judge()]
        judged, self._now, before = [each for each, _ in rendered], self._clock(), self._standing
        self._standing = {each.key: _standing(before.get(each.key), content) for each, content in rendered}
        moving = [each.wanted.traceparent for each in judged if self._standing[each.key].proven_at is None]
        with telemetry.work_span("process", moving, kind=SpanKind.CONSUMER, attributes=_said(moving)) as traceparent:
            # Not recorded, it is one of the commands' own: then each finding carries that of its own command.
            self._traceparent = "" if traceparent in moving else traceparent
            self._pass(judged)
        return max(self._next_due(), REST * (time.thread_time() - worked))

    def concerns(self, changed: Changed) -> bool:
        """Whether a pass could do something else after the change. May be called while a pass runs."""
        if changed.kind == "subscription":
            return changed.system in self._systems
        return changed.name in self._offerings or changed.name.rpartition("/releases/")[0] in self._offerings

    def preview(self) -> Sequence[tuple[str, Plan]]:
        """What a pass would change, by adapter; changes nothing. Errors: AdapterError."""
        judged = self._judge()
        return self._targets.preview([each.service for each in judged if each.service], _kept(judged))

    def problems(self) -> Mapping[str, Problem]:
        """Why subscriptions are not served as wanted, as far as the mirror and the policy tell."""
        return {each.wanted.subscription.name: each.problem for each in self._judge() if each.problem}

    def close(self) -> None:
        """Look no more hosts up."""
        self._resolver.close()

    def _judge(self) -> list[Judged]:
        with self._state.still():
            wanted_now = wanted(self._state, self._systems)
            self._generation = self._state.position().generation
            self._offerings = frozenset(each.subscription.offering for each in wanted_now)
        self._resolver.prepare(hosts(wanted_now, self._policy))
        return judge(wanted_now, self._policy, self._resolver)

    def _rendered(self, each: Judged) -> tuple[Judged, str]:
        """With what tells whether it is new. One that an adapter cannot put into words stops no other, and stays."""
        if each.service:
            try:
                return each, self._targets.content(each.service)
            except AdapterError as error:
                each = replace(each, service=None, problem=Problem(error.reason, error.message), keep=True)
        return each, f"{each.problem and each.problem.reason} {each.wanted.release} {each.wanted.leaving}"

    def _pass(self, judged: Sequence[Judged]) -> None:
        by_key = {each.key: each for each in judged}
        services = [each.service for each in judged if each.service]
        waiting = {service.key for service in services if not self._is_due(service)}
        ready = [service for service in services if service.key not in waiting]
        leaving = [each.key for each in judged if each.wanted.leaving]
        work = self._targets.plan(ready, leaving, _kept(judged) | waiting)
        for key in work.moving & self._standing.keys():
            self._standing[key].proven_at = None
        self._moved(by_key, work.moving, PLANNED)
        self._targets.apply(work)
        open_ = work.failed.keys() | work.unsure
        self._moved(by_key, work.moving - open_, APPLIED)
        for each in judged:
            if each.key in work.failed or each.key not in work.unsure:
                self._conclude(each, work.failed.get(each.key))
        due = [each for each in ready if each.key not in open_ and self._is_unproven(each)]
        gone = [each.gone for each in judged if each.gone and each.key not in open_]
        for key, proof in self._targets.prove(due, [each for each in gone if self._is_due(each)]):
            self._proved(by_key[key], proof)

    def _conclude(self, each: Judged, failure: Problem | None) -> None:
        """What is known of it without a probe."""
        problem = failure or (None if each.service else each.problem)
        if problem:
            self._trouble(each, PLANNED, problem)
        elif each.wanted.leaving and not each.gone:
            self._say(each, REMOVED)
        elif self._standing[each.key].proven_at is not None and each.service:
            self._say_proven(each)

    def _proved(self, each: Judged, proof: Proof) -> None:
        if proof.reason:
            self._trouble(each, ROUTED, Problem(proof.reason, proof.message))
            return
        standing = self._standing[each.key]
        standing.proven_at, standing.attempts, standing.due = self._clock(), 0, 0.0
        self._say_proven(each)

    def _say_proven(self, each: Judged) -> None:
        """One that is served by an older release, because the newest is refused, is proven with that problem."""
        if each.problem:
            self._say(each, PROVEN, each.problem, 1, self._probe_seconds)
        else:
            self._say(each, REMOVED if each.wanted.leaving else PROVEN)

    def _trouble(self, each: Judged, phase: "ConvergencePhase.ValueType", problem: Problem) -> None:
        standing = self._standing[each.key]
        if standing.due > self._now:
            return
        standing.proven_at, standing.attempts = None, standing.attempts + 1
        seconds = backoff.delay(standing.attempts)
        standing.due = self._clock() + seconds
        self._say(each, phase, problem, standing.attempts, seconds)

    def _moved(self, by_key: Mapping[str, Judged], keys: Collection[str], phase: "ConvergencePhase.ValueType") -> None:
        """Say it of what is new to the registry: not of a repair of what it knows as proven, nor of one more try."""
        for key in sorted(by_key.keys() & keys):
            tried = phase == PLANNED and self._standing[key].attempts
            if by_key[key].service and not tried and not _is_known_as_proven(by_key[key].wanted):
                self._say(by_key[key], phase)

    def _say(
        self,
        each: Judged,
        phase: "ConvergencePhase.ValueType",
        problem: Problem | None = None,
        attempts: int = 0,
        retry_seconds: float = 0.0,
    ) -> None:
        traceparent = self._traceparent or each.wanted.traceparent
        self._tell(Finding(each.wanted, self._generation, phase, traceparent, problem, attempts, retry_seconds))

    def _is_due(self, service: Service) -> bool:
        return self._standing[service.key].due <= self._now

    def _is_unproven(self, service: Service) -> bool:
        proven_at = self._standing[service.key].proven_at
        return proven_at is None or proven_at + self._probe_seconds <= self._now

    def _next_due(self) -> float:
        dues = [each.due for each in self._standing.values() if each.attempts]
        dues += [each.proven_at + self._probe_seconds for each in self._standing.values() if each.proven_at is not None]
        if self._targets.at_work:
            dues.append(self._clock() + PROBE_WAIT_SECONDS)
        return max(0.0, min([self._probe_seconds, *(due - self._clock() for due in dues)]))


def _said(moving: Sequence[str]) -> Mapping[str, str | int]:
    return {names.MESSAGING_OPERATION: "process", names.MESSAGING_TYPE: "process", names.MESSAGING_COUNT: len(moving)}


def _standing(before: Standing | None, content: str) -> Standing:
    return before if before and before.content == content else Standing(content)


def _kept(judged: Sequence[Judged]) -> set[str]:
    return {each.key for each in judged if each.keep}


def _is_known_as_proven(wanted: Wanted) -> bool:
    known = wanted.subscription.convergence
    here = (known.phase, known.observed_release, known.observed_revision)
    return here == (PROVEN, wanted.release, wanted.revision) and not known.HasField("last_error")
