"""What became of one change, step by step, told from the ledger alone: the way of a publication into every gateway."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from registry.api.v1.change_pb2 import Change
from registry.api.v1.subscription_pb2 import Subscription
from registry.cli.nouns import cell
from registry.domain import names
from registry.telemetry import trace_id

KINDS = ("offering", "release", "subscription")


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the ledger as a step. `after_ms`: since the first one. `onboard_ms`: with the first proof only."""

    revision: int
    time: str
    after_ms: float
    step: str
    name: str
    actor: str
    on_behalf_of: str
    trace_id: str
    result: str
    attempts: int = 0
    error: str = ""
    message: str = ""
    onboard_ms: float | None = None


@dataclass(slots=True)
class Publication:
    """Follows the ledger from one change on. `published` gives the microseconds of a release's publication, or 0."""

    first: Change
    published: Callable[[str], int]
    onboarded: dict[str, float] = field(default_factory=dict)
    subscriptions: set[str] = field(default_factory=set)
    _superseded: bool = False

    def steps(self, changes: Iterable[Change]) -> Iterator[Step]:
        """The first change, and of those that came after it the ones that followed from it."""
        yield self._step(self.first)
        for change in changes:
            if change.revision > self.first.revision and self._follows(change):
                yield self._step(change)

    def _follows(self, change: Change) -> bool:
        if self.first.kind not in KINDS:
            return False
        if change.name == self.first.name:
            return True
        offering = names.parent(self.first.name) if self.first.kind == "release" else self.first.name
        if change.kind == "release" and names.parent(change.name) == offering:
            self._superseded = self._superseded or self.first.kind == "release"
            return self.first.kind == "offering"
        subscription = change.resource.subscription
        return change.kind == "subscription" and subscription.offering == offering and self._is_of_it(subscription)

    def _is_of_it(self, subscription: Subscription) -> bool:
        """Of a release: what has it, and what has none yet, unless it came only when there was a newer one."""
        observed = subscription.convergence.observed_release
        if self.first.kind == "offering" or observed == self.first.name:
            return True
        return not observed and (not self._superseded or subscription.name in self.subscriptions)

    def _step(self, change: Change) -> Step:
        resource: Any = getattr(change.resource, change.kind)
        after = (change.time.ToMicroseconds() - self.first.time.ToMicroseconds()) / 1000
        verb = change.event_type.rsplit(".", 2)[-2]
        step = Step(
            change.revision,
            change.time.ToJsonString(),
            after,
            f"{change.kind} {verb}",
            change.name,
            change.actor,
            change.on_behalf_of,
            trace_id(change.traceparent),
            cell(resource, "state") if "state" in resource.DESCRIPTOR.fields_by_name else verb,
        )
        return self._reported(step, resource) if change.kind == "subscription" else step

    def _reported(self, step: Step, subscription: Subscription) -> Step:
        self.subscriptions.add(subscription.name)
        seen = subscription.convergence
        if not seen.phase:
            return step
        onboard = self._onboard_ms(subscription)
        if onboard is not None:
            self.onboarded[subscription.name] = onboard
        return replace(
            step,
            result=f"{step.result}, {cell(seen, 'phase')}",
            trace_id=seen.trace_id or step.trace_id,
            attempts=seen.attempts,
            error=seen.last_error.reason,
            message=seen.last_error.message,
            onboard_ms=onboard,
        )

    def _onboard_ms(self, subscription: Subscription) -> float | None:
        """As the registry counts it: from the publication, or the subscription when that is later."""
        seen = subscription.convergence
        if not seen.HasField("proven_time") or seen.proven_time != seen.report_time:
            return None
        start = max(self.published(seen.observed_release), subscription.create_time.ToMicroseconds())
        return max(0, seen.proven_time.ToMicroseconds() - start) / 1000
