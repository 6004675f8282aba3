"""Sends wishes to the registry in batches, each on its own; the same batch again has the same request id."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from registry.api.v1.environment_pb2 import Environment
from registry.api.v1.error_reason_pb2 import ErrorReason
from registry.api.v1.onboarding_service_pb2 import BatchCreateSubscriptionsRequest, CreateSubscriptionRequest
from registry.api.v1.subscription_pb2 import Subscription, SubscriptionState
from registry.cli.connection import Registry
from registry.cli.failure import UNREACHABLE, Failure
from registry.cli.wishes import CREATED, EXISTS, REFUSED, Item
from registry.domain import names

BATCH = 250  # of the 1,000 that one call takes: others write in between, and the bar moves
Metadata = tuple[tuple[str, str], ...]
Tell = Callable[[int], None]


class Asking:
    """One command's way to ask. With an actor, each batch is of one body, on whose behalf the actor asks."""

    def __init__(self, registry: Registry, environment: str, actor: str) -> None:
        self._registry, self._actor = registry, actor
        self._environment = Environment.Value(f"ENVIRONMENT_{environment.upper()}")

    def ask(self, wishes: Sequence[Item], tell: Tell, *, validate_only: bool) -> list[Item]:
        """The wishes with their outcomes. Errors: Failure, also when the registry goes away in between."""
        done: list[Item] = []
        for body, batch in self._batches(wishes):
            try:
                done += self._answered(batch, self._metadata(body), validate_only=validate_only)
            except Failure as error:
                done += self._refused(batch, error, len(done), len(wishes))
            tell(len(done))
        return done

    def _batches(self, wishes: Sequence[Item]) -> Iterator[tuple[str, list[Item]]]:
        for body, group in groupby(wishes, lambda each: each.organisation if self._actor else ""):
            of_one = list(group)
            for start in range(0, len(of_one), BATCH):
                yield body, of_one[start : start + BATCH]

    def _metadata(self, body: str) -> Metadata:
        if not body:
            return ()
        own = self._actor == body or self._actor.startswith(f"{body}/")
        return (("gemensam-actor", self._actor), *(() if own else (("gemensam-on-behalf-of", body),)))

    def _answered(self, batch: Sequence[Item], metadata: Metadata, *, validate_only: bool) -> Iterable[Item]:
        request = BatchCreateSubscriptionsRequest(requests=map(self._request, batch), validate_only=validate_only)
        if not validate_only:
            whole = request.SerializeToString(deterministic=True)
            request.request_id = f"join-{hashlib.sha256(whole).hexdigest()[:32]}"
        response = self._registry.call(self._registry.onboarding.BatchCreateSubscriptions, request, metadata)
        answers = zip(response.results, response.subscriptions, strict=True)
        return [_outcome(item, *answer) for item, answer in zip(batch, answers, strict=True)]

    def _request(self, item: Item) -> CreateSubscriptionRequest:
        wanted = Subscription(offering=item.offering, system=item.system, environment=self._environment)
        segment = names.last(item.subscription)
        return CreateSubscriptionRequest(parent=item.organisation, subscription_id=segment, subscription=wanted)

    def _refused(self, batch: Sequence[Item], error: Failure, done: int, total: int) -> Iterable[Item]:
        """A body that the actor may not act for is refused as one; whatever else it is ends the command."""
        if error.reason == "NOT_THE_HOST":
            return [_refuse(each, error.reason, error.message) for each in batch]
        if error.exit_code == UNREACHABLE and done:
            text = f"{error.message} It had answered {done} of {total}."
            remedy = "Repeat the command: it goes on where it was, and asks for nothing twice."
            raise Failure(text, error.reason, remedy=remedy, exit_code=UNREACHABLE) from error
        raise error


def _outcome(item: Item, result: Any, subscription: Subscription) -> Item:
    if not result.HasField("error"):
        state = SubscriptionState.Name(subscription.state).removeprefix("SUBSCRIPTION_STATE_").lower()
        return replace(item, outcome=CREATED, state=state)
    reason = ErrorReason.Name(result.error.reason).removeprefix("ERROR_REASON_")
    if reason == "RESOURCE_ALREADY_EXISTS":  # somebody was faster, and be it this command before it was cut off
        return replace(item, outcome=EXISTS, state="", subscription=result.error.metadata["name"])
    return _refuse(item, reason, result.error.message)


def _refuse(item: Item, reason: str, message: str) -> Item:
    return replace(item, outcome=REFUSED, state="", subscription="", reason=reason, message=message)
