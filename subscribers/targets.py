"""The body's targets together: plan, apply so that nobody suffers for another's fault, and prove."""

import concurrent.futures
import contextlib
import contextvars
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import structlog

from registry import telemetry
from registry.telemetry import attributes as names
from subscribers import adapter as contract
from subscribers import measures
from subscribers.adapter import Adapter, AdapterError, Plan, Proof, Service, Step
from subscribers.lanes import Lane, answers
from subscribers.services import Problem
from subscribers.workers import Workers

PROBES_AT_ONCE = 32
PROBE_WAIT_SECONDS = 0.5  # what a pass waits for its probes; slower ones are told by a later pass
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Work:
    """What is to be done in each target, and the problems met so far, by subscription.

    `unsure`: subscriptions of which some target has not told yet how it stands with them.
    """

    plans: list[tuple[Lane, Plan]] = field(default_factory=list)
    failed: dict[str, Problem] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)

    @property
    def moving(self) -> set[str]:
        """Subscriptions that some target does not hold as it should."""
        return {step.key for _, plan in self.plans for step in plan.steps}


class Targets:
    """Every adapter of one runner. Calls come from one thread; the adapters work on threads of their own."""

    def __init__(self, adapters: Sequence[Adapter]) -> None:
        self._adapters = adapters
        self._lanes = [Lane(adapter) for adapter in adapters]
        self._late: dict[Lane, Future[dict[str, Problem]]] = {}  # applies that outlasted their pass
        self._workers = Workers(PROBES_AT_ONCE, "probe")
        self._probing: dict[tuple[Service, bool], Future[Proof]] = {}

    @property
    def at_work(self) -> bool:
        """Whether probes or targets are at work on what nobody has heard of yet."""
        return bool(self._probing or self._late) or any(lane.busy for lane in self._lanes)

    def content(self, service: Service) -> str:
        """A hash of all that the targets hold for the service. Errors: AdapterError."""
        found = hashlib.sha256()
        for adapter in self._adapters:
            try:
                with _guarded(adapter):
                    found.update(adapter.render(service).encode())
            except AdapterError as error:
                _log("service.not_rendered", adapter, error, subscription=service.key)
                raise
        return found.hexdigest()

    def preview(self, services: Sequence[Service], kept: Collection[str]) -> list[tuple[str, Plan]]:
        """What would change, by adapter. Changes nothing. Errors: AdapterError."""
        return [(adapter.describe().name, _plan(adapter, services, kept)) for adapter in self._adapters]

    def plan(self, services: Sequence[Service], leaving: Collection[str], kept: Collection[str]) -> Work:
        """What must change so that the targets hold the services, and of ours nothing else but `kept`.

        `leaving` are keys that must be gone then. A target that does not answer fails them all, and no other target.
        """
        work, keys = Work(), {*(service.key for service in services), *leaving}
        told = {lane: self._told(lane) for lane in self._lanes if not lane.busy}
        for problems in told.values():
            work.failed |= problems
        asked = {lane: lane.ask(_plan, lane.adapter, services, kept) for lane in told}
        answered = answers(asked, alone=self._is_alone)
        for lane, planned in answered.items():
            try:
                steps = [step for step in planned.result().steps if step.key not in told[lane]]
                work.plans.append((lane, Plan(tuple(steps))))
            except AdapterError as error:
                _log("target.unobserved", lane.adapter, error)
                work.failed |= {key: Problem(error.reason, error.message) for key in keys}
        if len(answered) < len(self._lanes):
            work.unsure |= keys
        return work

    def apply(self, work: Work) -> None:
        """Do the work, and add the problems that it meets; what takes too long goes on, and is told by a later plan."""
        steps = {lane: plan.steps for lane, plan in work.plans if plan.steps}
        asked = {lane: lane.ask(self._applied, lane.adapter, each) for lane, each in steps.items()}
        answered = answers(asked, alone=self._is_alone)
        for applied in answered.values():
            work.failed |= applied.result()
        for lane in asked.keys() - answered.keys():
            log.warning("target.slow", adapter=lane.adapter.describe().name, steps=len(steps[lane]))
            self._late[lane] = asked[lane]
            work.unsure |= {step.key for step in steps[lane]}

    def prove(self, services: Sequence[Service], gone: Sequence[Service]) -> Iterator[tuple[str, Proof]]:
        """Probe through every target that the services answer and that the others are refused, as proofs come in.

        What takes longer than PROBE_WAIT_SECONDS goes on, and is told by the call that asks for it again.
        """
        asked = [*((service, True) for service in services), *((service, False) for service in gone)]
        self._probing = {each: self._probing.get(each) or self._begun(*each) for each in dict.fromkeys(asked)}
        waited = {future: each for each, future in self._probing.items()}
        with contextlib.suppress(TimeoutError):
            for future in concurrent.futures.as_completed(waited, PROBE_WAIT_SECONDS):
                each = waited[future]
                del self._probing[each]
                yield each[0].key, future.result()

    def close(self) -> None:
        """Probe no more and give back connections."""
        self._workers.close()
        for lane in self._lanes:
            lane.close()
        for adapter in self._adapters:
            adapter.close()

    def _begun(self, service: Service, there: bool) -> "Future[Proof]":
        """A probe on a thread of its own, as part of the span that the caller is in."""
        return self._workers.submit(contextvars.copy_context().run, self._probe, service, there)

    def _probe(self, service: Service, there: bool) -> Proof:
        for adapter in self._adapters:
            try:
                with _called(adapter, "probe" if there else "probe_gone", {names.RESOURCE: service.key}) as call:
                    proof = adapter.probe(service) if there else adapter.probe_gone(service)
                    call.outcome = proof.reason
            except AdapterError as error:
                _log("probe.failed", adapter, error, subscription=service.key)
                proof = Proof(error.reason, error.message)
            if proof.reason:
                return proof
        return Proof()

    @property
    def _is_alone(self) -> bool:
        return len(self._lanes) == 1

    def _told(self, lane: Lane) -> Mapping[str, Problem]:
        """The problems that an apply met after its pass had ended."""
        late = self._late.pop(lane, None)
        return late.result() if late else {}

    def _applied(self, adapter: Adapter, steps: Sequence[Step]) -> dict[str, Problem]:
        failed: dict[str, Problem] = {}
        self._apply(adapter, steps, failed)
        return failed

    def _apply(self, adapter: Adapter, steps: Sequence[Step], failed: dict[str, Problem]) -> None:
        """Apply all; when the target refuses, find whose fault it is: as it says, else by halving."""
        if not steps:
            return
        try:
            with _called(adapter, "apply", {names.STEPS: len(steps)}):
                adapter.apply(Plan(tuple(steps)))
            log.info("target.applied", adapter=adapter.describe().name, steps=len(steps))
        except AdapterError as error:
            _log("target.refused", adapter, error, steps=len(steps), first=steps[0].key)
            blamed = [step for step in steps if step.key in error.keys]
            if error.reason == "TARGET_UNAVAILABLE" or len(steps) == 1:
                blamed = list(steps)
            failed |= {step.key: Problem(error.reason, error.message) for step in blamed}
            rest = [step for step in steps if step.key not in failed]
            middle = len(rest) if blamed else len(rest) // 2
            for part in (rest[:middle], rest[middle:]):
                self._apply(adapter, part, failed)


def _plan(adapter: Adapter, services: Sequence[Service], kept: Collection[str]) -> Plan:
    with _called(adapter, "plan", {}):
        observed: Mapping[str, str] = {key: text for key, text in adapter.observe().items() if key not in kept}
        return contract.plan(adapter, [each for each in services if each.key not in kept], observed)


@dataclass(slots=True)
class Call:
    """One call of a target. `outcome` is the reason of what went wrong without an error, or ''."""

    outcome: str = ""


@contextlib.contextmanager
def _called(adapter: Adapter, operation: str, said: Mapping[str, str | int]) -> Iterator[Call]:
    """A call of a target: guarded, with a span of its own, timed, and counted by what became of it."""
    name, call = adapter.describe().name, Call()
    with telemetry.step_span(operation, {names.ADAPTER: name, **said}) as span, measures.timed(name, operation):
        try:
            with _guarded(adapter):
                yield call
        except AdapterError as error:
            call.outcome = error.reason
            raise
        finally:
            if call.outcome:
                telemetry.failed(call.outcome, span)
            measures.count(name, operation, call.outcome or measures.DONE)


@contextlib.contextmanager
def _guarded(adapter: Adapter) -> Iterator[None]:
    """A fault of an adapter's own is an error like the others: it must not stop what has nothing to do with it."""
    try:
        yield
    except AdapterError:
        raise
    except Exception as error:
        name = adapter.describe().name
        raise AdapterError("ADAPTER_FAULT", f"{name} failed with {type(error).__name__}; the log has it all") from error


def _log(event: str, adapter: Adapter, error: AdapterError, **words: Any) -> None:
    """What a target said; of a fault of its adapter, everything, but while it is looked for by halving."""
    fault = error.__cause__ if error.reason == "ADAPTER_FAULT" and words.get("steps", 1) == 1 else None
    name = adapter.describe().name
    log.warning(event, adapter=name, reason=error.reason, message=error.message, exc_info=fault, **words)
