"""Whose a resource is: which organisation, by which action, for every noun and every step of its life."""

from typing import Any

import pytest

from registry.api.v1.access_pb2 import Grant, Key
from registry.api.v1.capability_pb2 import Capability
from registry.api.v1.interest_pb2 import Interest
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.organisation_pb2 import Organisation
from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import Subscription
from registry.api.v1.system_pb2 import System
from registry.domain import ownership
from registry.domain.agreement import ACCEPTED, PROPOSED
from registry.domain.authority import (
    AGREE,
    ALL,
    DECLARE,
    GRANT,
    HOSTED,
    ONBOARD,
    OPERATE,
    OWN,
    PUBLISH,
    READ,
    REPORT,
    Right,
    within,
)
from registry.domain.nouns import NOUNS
from registry.domain.ownership import needed, owners
from tests.unit.domain.shelf import Shelf, agreement, body

A, B = "organisations/a", "organisations/b"
OFFERED = Offering(name="offerings/permits", provider=A)
SHELF = Shelf([OFFERED])
PROPOSAL = agreement(state=PROPOSED)
OF_CLASS = agreement(party_class="kind = 1", state=PROPOSED)
USED = Subscription(name=f"{B}/subscriptions/s", offering="offerings/permits", system="organisations/h/systems/gw")


def changed(message: Any, **fields: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    for name, value in fields.items():
        setattr(copy, name, value)
    return copy


CASES: list[tuple[Any, Any, str, int, tuple[str, ...]]] = [
    (body(), None, "created", OPERATE, ("",)),
    (body(), body(), "merged", OPERATE, ("",)),
    (body(), body(), "updated", DECLARE, (B,)),
    (body(host=A), body(), "updated", GRANT, (B,)),
    (body(), body(host=A), "updated", GRANT, (B,)),
    (System(name=f"{B}/systems/gw"), None, "created", DECLARE, (B,)),
    (Capability(name="capabilities/x"), None, "created", OPERATE, ("",)),
    (OFFERED, None, "created", DECLARE, (A,)),
    (OFFERED, OFFERED, "updated", DECLARE, (A,)),
    (OFFERED, OFFERED, "withdrawn", PUBLISH, (A,)),
    (Release(name="offerings/permits/releases/1"), None, "published", PUBLISH, (A,)),
    (Release(name="offerings/nothing/releases/1"), None, "published", PUBLISH, ("",)),
    (Interest(name=f"{B}/interests/i"), None, "created", ONBOARD, (B,)),
    (PROPOSAL, None, "proposed", AGREE, (A,)),
    (PROPOSAL, PROPOSAL, "updated", AGREE, (B, A)),
    (changed(PROPOSAL, valid_to="2099-01-01"), PROPOSAL, "updated", AGREE, (A,)),
    (changed(PROPOSAL, terms_version=""), PROPOSAL, "updated", AGREE, (B, A)),
    (changed(PROPOSAL, state=ACCEPTED), PROPOSAL, "accepted", AGREE, (B,)),
    (changed(OF_CLASS, state=ACCEPTED), OF_CLASS, "accepted", AGREE, (A,)),
    (agreement(), None, "recorded", ONBOARD, (B,)),
    (changed(agreement(), valid_to="2099-01-01"), agreement(), "ending", AGREE, (B, A)),
    (USED, None, "created", ONBOARD, (B,)),
    (USED, USED, "approved", AGREE, (A,)),
    (USED, USED, "rejected", AGREE, (A,)),
    (USED, USED, "reported", REPORT, (B, "organisations/h")),
    (USED, USED, "suspended", ONBOARD, (B,)),
    (Grant(name="grants/g", organisation=B), None, "created", GRANT, (B,)),
    (Grant(name="grants/g"), None, "created", OPERATE, ("",)),
    (Key(name="keys/k", organisation=B), None, "created", GRANT, (B,)),
    (Key(name="keys/k"), None, "created", OPERATE, ("",)),
]


@pytest.mark.parametrize(("message", "before", "verb", "action", "of"), CASES)
def test_what_a_change_needs(message: Any, before: Any, verb: str, action: int, of: tuple[str, ...]) -> None:
    found = needed(message, before, verb, SHELF)
    assert (found.action, found.owners) == (action, of)


def test_every_noun_has_an_owner() -> None:
    assert {type(case[0]) for case in CASES} == {rules.kind for rules in NOUNS.values()}
    for message, *_ in CASES:
        assert owners(message, SHELF), message


@pytest.mark.parametrize("field", ownership.PROTECTED)
def test_what_others_decide_by_is_kept_by_operators(field: str) -> None:
    values: dict[str, Any] = {"size": {"inhabitants": 5}, "memberships": [A], "predecessors": [A], "kind": 2}
    before = Organisation(name=B, kind=1)
    after = Organisation(**{"name": B, "kind": 1, field: values.get(field, "x")})
    assert needed(after, before, "updated", SHELF) == (OPERATE, ("",), field)


@pytest.mark.parametrize(
    ("name", "prefix", "inside"),
    [
        ("offerings/a", "", True),
        ("offerings/a", "offerings/a", True),
        ("offerings/a/releases/1", "offerings/a", True),
        ("offerings/a/releases/1", "offerings/a/", True),
        ("offerings/ab", "offerings/a", False),
        ("offerings", "offerings/a", False),
        ("offerings/a", "offerings", True),
        ("offeringsx/a", "offerings", False),
    ],
)
def test_a_prefix_is_whole_segments(name: str, prefix: str, inside: bool) -> None:
    assert within(name, prefix) is inside


def test_a_right_covers_its_organisation_its_actions_and_its_names() -> None:
    right = Right(A, frozenset({READ}), "offerings/a")
    assert right.covers(READ, A, "offerings/a")
    assert not right.covers(DECLARE, A, "offerings/a")
    assert not right.covers(READ, B, "offerings/a")
    assert not right.covers(READ, "", "offerings/a")
    assert not right.covers(READ, A, "offerings/b")
    assert Right("", frozenset({READ})).covers(READ, A, "offerings/b")


def test_a_host_does_not_give() -> None:
    assert ({GRANT}, {OPERATE}) == (OWN - HOSTED, ALL - OWN)
