"""OnboardingService: interests, subscriptions and what subscribers report of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from registry.api.v1 import onboarding_service_pb2 as pb
from registry.api.v1.interest_pb2 import Interest
from registry.api.v1.subscription_pb2 import Convergence, Subscription
from registry.domain import interest, names, subscription
from registry.errors import Invalid, Precondition
from registry.services import convergence
from registry.services.resources import Resources, answer, command, found
from registry.store import Batch, Caller, Store

R = TypeVar("R", bound=Message)
Step = Callable[[Subscription, datetime], None]


class Onboarding:
    """Use cases of OnboardingService."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._interests = Resources(store, interest.RULES)
        self._subscriptions = Resources(store, subscription.RULES)

    async def create_interest(self, request: Any, caller: Caller) -> pb.CreateInterestResponse:
        """Add a standing order."""
        return await self._interests.create(request, caller, pb.CreateInterestResponse, self._now)

    async def get_interest(self, request: Any, _caller: Caller) -> bytes:
        """Read one."""
        return await self._interests.get(request, pb.GetInterestResponse)

    async def list_interests(self, request: Any, _caller: Caller) -> bytes:
        """Read a page."""
        return await self._interests.list(request, pb.ListInterestsResponse)

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

    async def get_subscription(self, request: Any, _caller: Caller) -> bytes:
        """Read one."""
        return await self._subscriptions.get(request, pb.GetSubscriptionResponse)

    async def list_subscriptions(self, request: Any, _caller: Caller) -> bytes:
        """Read a page."""
        return await self._subscriptions.list(request, pb.ListSubscriptionsResponse)

    async def approve_subscription(self, request: Any, caller: Caller) -> pb.ApproveSubscriptionResponse:
        """Let one in."""

        def step(message: Subscription, now: datetime) -> None:
            subscription.enter(message, subscription.APPROVED, now, "approved")

        return await self._step(request, caller, step, "approved", pb.ApproveSubscriptionResponse)

    async def reject_subscription(self, request: Any, caller: Caller) -> pb.RejectSubscriptionResponse:
        """Refuse one, with the reason."""
        if not request.reason.strip():
            what = "is required: tell the subscriber why"
            raise Invalid("FIELD_INVALID", f"reason {what}.", violations=[("reason", what)], field="reason")

        def step(message: Subscription, now: datetime) -> None:
            subscription.enter(message, subscription.REJECTED, now, request.reason)

        return await self._step(request, caller, step, "rejected", pb.RejectSubscriptionResponse)

    async def end_subscription(self, request: Any, caller: Caller) -> pb.EndSubscriptionResponse:
        """Let one leave the gateway."""

        def step(message: Subscription, now: datetime) -> None:
            subscription.end(message, now, "ended by request")

        return await self._step(request, caller, step, "ending", pb.EndSubscriptionResponse)

    async def report_convergence(
        self, request: pb.ReportConvergenceRequest, caller: Caller
    ) -> pb.ReportConvergenceResponse:
        """Take in what an adapter observed. A report that says nothing new makes no entry in the ledger."""
        names.check(request.name, "subscription")
        subscription.check_report(request.convergence)

        def run(batch: Batch) -> Subscription:
            _same_generation(request.generation, batch.generation)
            message = found(batch, Subscription, request.name)
            observed = Convergence()
            observed.CopyFrom(request.convergence)
            if subscription.report(message, observed, self._now()):
                batch.put(message, "converged" if observed.phase == subscription.PROVEN else "reported")
            return message

        done = await self._store.write(command(request, caller, run, [request.name]))
        return answer(pb.ReportConvergenceResponse, "subscription", done)

    async def get_convergence(self, request: pb.GetConvergenceRequest, _caller: Caller) -> pb.GetConvergenceResponse:
        """Who has converged on a release, who has not, and why."""
        return await self._store.read(convergence.reader(request), request.min_revision)

    async def _step(self, request: Any, caller: Caller, step: Step, verb: str, response: type[R]) -> R:
        names.check(request.name, "subscription")

        def run(batch: Batch) -> Subscription:
            message = found(batch, Subscription, request.name, request.etag)
            step(message, self._now())
            batch.put(message, "ended" if message.state == subscription.ENDED else verb)
            return message

        done = await self._store.write(command(request, caller, run, [request.name]))
        return answer(response, "subscription", done)


def _same_generation(sent: str, current: str) -> None:
    if sent and sent != current:
        text = f"The report belongs to generation {sent}; the store is of {current}: start again from a snapshot."
        raise Precondition("GENERATION_MISMATCH", text, sent_generation=sent, current_generation=current)
