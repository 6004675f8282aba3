"""Resources that rules look up, without a store."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from registry.api.v1.agreement_pb2 import Agreement
from registry.api.v1.offering_pb2 import ApprovalMode, Offering
from registry.api.v1.organisation_pb2 import Organisation
from registry.api.v1.subscription_pb2 import Subscription
from registry.domain.agreement import ACCEPTED
from registry.domain.filter import Node, matches

M = TypeVar("M", bound=Message)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY = "2026-03-01"
AUTOMATIC, MANUAL = ApprovalMode.APPROVAL_MODE_AUTOMATIC, ApprovalMode.APPROVAL_MODE_MANUAL


class Shelf:
    """A lookup by name and by filter."""

    def __init__(self, resources: Iterable[Any]) -> None:
        self._resources = {each.name: each for each in resources}

    def get(self, kind: type[M], name: str) -> M | None:
        found = self._resources.get(name)
        return found if isinstance(found, kind) else None

    shown = get

    def select(self, kind: type[M], where: Node | None, *, parent: str = "", limit: int = 1000) -> list[M]:
        assert not parent
        found = [each for each in self._resources.values() if isinstance(each, kind)]
        return [each for each in found if matches(where, each)][:limit]


def body(key: str = "b", **fields: Any) -> Organisation:
    return Organisation(name=f"organisations/{key}", **{"kind": 1, "county_code": "22", **fields})


def offering(**terms: Any) -> Offering:
    return Offering(name="offerings/permits", terms={"version": "1", "notice_days": 30, "approval": MANUAL, **terms})  # type: ignore[arg-type]


def agreement(key: str = "x", **fields: Any) -> Agreement:
    """One of organisation b on the present terms, accepted, unless the fields say otherwise."""
    accepted = {} if "party_class" in fields else {"party": "organisations/b"}
    known = {"offering": "offerings/permits", "terms_version": "1", "state": ACCEPTED, "notice_days": 30, **accepted}
    return Agreement(name=f"agreements/{key}", **{**known, **fields})


def subscription(environment: int = 3, **fields: Any) -> Subscription:
    name = "organisations/b/subscriptions/s"
    return Subscription(name=name, offering="offerings/permits", environment=environment, **fields)  # type: ignore[arg-type]
