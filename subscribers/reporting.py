"""Tells the registry how far each subscription has come: in order for each, the newest when they come too fast."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from registry import telemetry
from registry.api.v1.subscription_pb2 import Convergence, ConvergencePhase
from subscribers import backoff
from subscribers.client import Client, RegistryRefused
from subscribers.measures import DONE, REPORTS
from subscribers.reconcile import Finding

AT_ONCE = 32
IN_THE_TARGET = frozenset(
    {
        ConvergencePhase.CONVERGENCE_PHASE_APPLIED,
        ConvergencePhase.CONVERGENCE_PHASE_ROUTED,
        ConvergencePhase.CONVERGENCE_PHASE_PROVEN,
    }
)
log = structlog.get_logger(__name__)


class Reporter:
    """A queue with one place for each subscription. What the registry knows already is not sent."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: dict[str, Finding] = {}
        self._sent: dict[str, Convergence] = {}
        self._busy: set[str] = set()
        self._more = asyncio.Event()
        self._slots = asyncio.Semaphore(AT_ONCE)

    def tell(self, finding: Finding) -> None:
        """Queue a finding; on the loop's thread."""
        self._waiting[finding.wanted.subscription.name] = finding
        self._more.set()

    def forget(self) -> None:
        """After a snapshot: the registry may know less than was sent."""
        self._sent.clear()

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is under way."""
        return not self._waiting and not self._busy

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as sending:
            while True:
                await self._more.wait()
                self._more.clear()
                for name in [each for each in self._waiting if each not in self._busy]:
                    self._busy.add(name)
                    sending.create_task(self._send(name))

    async def _send(self, name: str) -> None:
        failures = 0
        while finding := self._waiting.pop(name, None):
            try:
                await self._report(name, finding)
                failures = 0
            except RegistryRefused as refused:
                if refused.retriable:
                    failures += 1
                    self._waiting.setdefault(name, finding)
                    await asyncio.sleep(backoff.delay(failures))
                else:
                    words = {"reason": refused.reason, "message": refused.message}
                    log.warning("report.refused", subscription=name, **words)
            except Exception:  # one that cannot be sent must not stop the others
                log.exception("report.fault", subscription=name)
        self._busy.discard(name)

    async def _report(self, name: str, finding: Finding) -> None:
        convergence = _convergence(finding)
        if self._is_known(finding, convergence):
            return
        try:
            async with self._slots:
                await self._client.report(name, convergence, finding.generation, finding.traceparent)
        except RegistryRefused as refused:
            REPORTS.labels(refused.code).inc()
            if not refused.retriable:
                self._sent[name] = convergence  # the same again would be refused again
            raise
        REPORTS.labels(DONE).inc()
        self._sent[name] = convergence

    def _is_known(self, finding: Finding, convergence: Convergence) -> bool:
        name = finding.wanted.subscription.name
        if (sent := self._sent.get(name)) is not None:
            return _same(sent, convergence)
        return _same(finding.wanted.subscription.convergence, convergence)


def _convergence(finding: Finding) -> Convergence:
    convergence = Convergence(
        phase=finding.phase,
        observed_release=finding.wanted.release,
        observed_revision=finding.wanted.revision,
        attempts=finding.attempts,
        trace_id=telemetry.trace_id(finding.traceparent),
    )
    if finding.phase in IN_THE_TARGET:
        convergence.observed_interfaces.extend(each.interface for each in finding.wanted.endpoints)
    if finding.problem:
        convergence.last_error.reason = finding.problem.reason
        convergence.last_error.message = finding.problem.message[:1000]
        convergence.next_attempt_time.FromDatetime(datetime.now(UTC) + timedelta(seconds=finding.retry_seconds))
    return convergence


def _same(known: Convergence, new: Convergence) -> bool:
    """Whether the registry would learn nothing. Times and traces are no news, and of attempts only each doubling.

    Otherwise a service that is down for a year would fill the ledger, which forgets nothing.
    """
    fields = ("phase", "observed_release", "observed_revision", "last_error")
    tried_on = known.attempts <= new.attempts < 2 * max(known.attempts, 1)
    return tried_on and all(getattr(known, field) == getattr(new, field) for field in fields)
