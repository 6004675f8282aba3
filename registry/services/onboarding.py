"""OnboardingService: interests, subscriptions and what subscribers report of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from registry.api.v1 import onboarding_service_pb2 as pb
from registry.api.v1.definition_service_pb2 import ApplyOutcome, ApplyResult
from registry.api.v1.interest_pb2 import Interest
from registry.api.v1.subscription_pb2 import Convergence, Subscription
from registry.domain import convergence, interest, limits, names, subscription
from registry.domain.violations import Violations
from registry.errors import Precondition
from registry.services import admission
from registry.services.agreements import Agreements
from registry.services.bulk import Bulk, Entry
from registry.services.convergence import reader
from registry.services.drawn import drawn
from registry.services.resources import Resources, answer, command, found
from registry.store import Batch, Caller, Store
from registry.telemetry import metrics

R = TypeVar("R", bound=Message)
CREATED = ApplyOutcome.APPLY_OUTCOME_CREATED
Step = Callable[[Batch, Subscription, datetime], None]


class Onboarding(Agreements):
    """Use cases of OnboardingService."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        super().__init__(store, now)
        self._interests = Resources(store, interest.RULES)
        self._subscriptions = Resources(store, subscription.RULES)

    async def create_interest(self, request: Any, caller: Caller) -> pb.CreateInterestResponse:
        """Add a standing order."""
        return await self._interests.create(request, caller, pb.CreateInterestResponse, self._now)

    async def get_interest(self, request: Any, caller: Caller) -> bytes:
        """Read one."""
        return await self._interests.get(request, caller, pb.GetInterestResponse)

    async def list_interests(self, request: Any, caller: Caller) -> bytes:
        """Read a page."""
        return await self._interests.list(request, caller, pb.ListInterestsResponse)

    async def update_interest(self, request: Any, caller: Caller) -> pb.UpdateInterestResponse:
        """Change fields of one."""
        return await self._interests.update(request, caller, pb.UpdateInterestResponse, self._now)

    async def delete_interest(self, request: pb.DeleteInterestRequest, caller: Caller) -> pb.DeleteInterestResponse:
        """Remove one; subscriptions that it created stay."""
        names.check(request.name, "interest")

        def run(batch: Batch) -> Message:
            message = found(batch, Interest, request.name, request.etag)
            batch.delete(message)
            return message

        done = await self._store.write(command(request, caller, run, [request.name]))
        return pb.DeleteInterestResponse(revision=done.revision, generation=done.generation)

    async def create_subscription(self, request: Any, caller: Caller) -> pb.CreateSubscriptionResponse:
        """Ask for an offering for a system."""
        return await self._subscriptions.create(request, caller, pb.CreateSubscriptionResponse, self._now)

    async def batch_create_subscriptions(
        self, request: pb.BatchCreateSubscriptionsRequest, caller: Caller
    ) -> pb.BatchCreateSubscriptionsResponse:
        """Ask for many at once, all or nothing or each on its own. Every one is answered, refused or not."""
        limits.at_most("requests", len(request.requests), limits.BATCH_SIZE)
        entries = [self._entry(each, place) for place, each in enumerate(request.requests)]
        bulk = Bulk(self._store, pb.BatchCreateSubscriptionsResponse, ("subscriptions",))
        response: pb.BatchCreateSubscriptionsResponse = await bulk.write(request, caller, entries)
        return response

    def _entry(self, request: pb.CreateSubscriptionRequest, place: int) -> Entry:
        segment, sent = request.subscription_id or drawn(), request.subscription
        name = f"{request.parent}/subscriptions/{segment}"

        def run(batch: Batch) -> pb.BatchCreateSubscriptionsResponse:
            draft = self._subscriptions.draft(request)
            draft.name = names.child("subscription", request.parent, segment)
            after = self._subscriptions.add(batch, draft, self._now())
            result = ApplyResult(name=draft.name, outcome=CREATED, revision=after.revision)
            return pb.BatchCreateSubscriptionsResponse(subscriptions=[after], results=[result])

        reads = (name, request.parent, sent.offering, sent.system, sent.interest, sent.agreement)
        return Entry(name, place, run, reads)

    async def get_subscription(self, request: Any, caller: Caller) -> bytes:
        """Read one."""
        return await self._subscriptions.get(request, caller, pb.GetSubscriptionResponse)

    async def list_subscriptions(self, request: Any, caller: Caller) -> bytes:
        """Read a page."""
        return await self._subscriptions.list(request, caller, pb.ListSubscriptionsResponse)

    async def approve_subscription(self, request: Any, caller: Caller) -> pb.ApproveSubscriptionResponse:
        """Let one in; in production with the agreement that this makes, if none covers it."""
        return await self._step(request, caller, admission.approve, "approved", pb.ApproveSubscriptionResponse)

    async def reject_subscription(self, request: Any, caller: Caller) -> pb.RejectSubscriptionResponse:
        """Refuse one, with the reason."""
        found = Violations()
        convergence.words(request.reason, "reason", found)
        if not request.reason.strip():
            found.add("reason", "is required: tell the subscriber why")
        found.refuse()

        def step(_batch: Batch, message: Subscription, now: datetime) -> None:
            subscription.enter(message, subscription.REJECTED, now, request.reason)

        return await self._step(request, caller, step, "rejected", pb.RejectSubscriptionResponse)

    async def suspend_subscription(self, request: Any, caller: Caller) -> pb.SuspendSubscriptionResponse:
        """Pause one: it leaves the gateway."""

        def step(_batch: Batch, message: Subscription, now: datetime) -> None:
            subscription.enter(message, subscription.SUSPENDED, now, "suspended by request")

        return await self._step(request, caller, step, "suspended", pb.SuspendSubscriptionResponse)

    async def resume_subscription(self, request: Any, caller: Caller) -> pb.ResumeSubscriptionResponse:
        """Bring back one that is paused."""

        def step(_batch: Batch, message: Subscription, now: datetime) -> None:
            subscription.resume(message, now)

        return await self._step(request, caller, step, "resumed", pb.ResumeSubscriptionResponse)

    async def end_subscription(self, request: Any, caller: Caller) -> pb.EndSubscriptionResponse:
        """Let one leave the gateway."""

        def step(_batch: Batch, message: Subscription, now: datetime) -> None:
            subscription.end(message, now, "ended by request")

        return await self._step(request, caller, step, "ending", pb.EndSubscriptionResponse)

    async def report_convergence(
        self, request: pb.ReportConvergenceRequest, caller: Caller
    ) -> pb.ReportConvergenceResponse:
        """Take in what an adapter observed. A report that says nothing new makes no entry in the ledger."""
        names.check(request.name, "subscription")
        convergence.check(request.convergence)
        took: list[float] = []

        def run(batch: Batch) -> Subscription:
            _same_generation(request.generation, batch.generation)
            message = found(batch, Subscription, request.name)
            observed = Convergence()
            observed.CopyFrom(request.convergence)
            convergence.fits(message, observed, batch, batch.revision)
            took.clear()  # a command may be run again
            if convergence.report(message, observed, self._now()):
                took.extend(convergence.onboarded(message, batch))
                batch.put(message, "converged" if observed.phase == convergence.PROVEN else "reported")
            return message

        reads = [request.name, request.convergence.observed_release]
        done = await self._store.write(command(request, caller, run, reads))
        for seconds in took:
            metrics.TIME_TO_ONBOARD.observe(seconds, metrics.exemplar(caller.traceparent))
        return answer(pb.ReportConvergenceResponse, "subscription", done)

    async def get_convergence(self, request: pb.GetConvergenceRequest, caller: Caller) -> pb.GetConvergenceResponse:
        """Who has converged on a release, who has not, and why."""
        return await self._store.read(reader(request, self._now()), request.min_revision, caller.authority.sight)

    async def _step(self, request: Any, caller: Caller, step: Step, verb: str, response: type[R]) -> R:
        names.check(request.name, "subscription")

        def run(batch: Batch) -> Subscription:
            message = found(batch, Subscription, request.name, request.etag)
            step(batch, message, self._now())
            batch.put(message, "ended" if message.state == subscription.ENDED else verb)
            return message

        done = await self._store.write(command(request, caller, run, [request.name]))
        return answer(response, "subscription", done)


def _same_generation(sent: str, current: str) -> None:
    if sent and sent != current:
        text = f"The report belongs to generation {sent}; the store is of {current}: start again from a snapshot."
        raise Precondition("GENERATION_MISMATCH", text, sent_generation=sent, current_generation=current)
