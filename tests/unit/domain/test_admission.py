"""Who is let in at once, who waits, and which agreement a subscription rests on."""

from typing import Any

import pytest

from registry.domain import admission
from registry.domain.covering import covering, uncovered
from registry.domain.subscription import ACTIVE, APPROVED, ENDED, ENDING, PENDING, REJECTED, SUSPENDED
from registry.domain.unmet import sentences
from registry.errors import Precondition
from tests.unit.domain.shelf import AUTOMATIC, MANUAL, NOW, TODAY, Shelf, agreement, body, offering, subscription

OWN, CLASS = agreement(), agreement("c", party_class='county_code = "22"')


@pytest.mark.parametrize(
    ("environment", "approval", "known", "state", "rests", "made"),
    [
        (1, MANUAL, [], APPROVED, "", False),
        (2, MANUAL, [], APPROVED, "", False),
        (2, AUTOMATIC, [OWN], APPROVED, "", False),
        (3, MANUAL, [], PENDING, "", False),
        (3, MANUAL, [OWN], APPROVED, "agreements/x", False),
        (3, MANUAL, [CLASS], APPROVED, "agreements/c", False),
        (3, MANUAL, [CLASS, OWN], APPROVED, "agreements/x", False),
        (3, AUTOMATIC, [], APPROVED, "", True),
        (3, AUTOMATIC, [CLASS], APPROVED, "agreements/c", False),
        (0, MANUAL, [], PENDING, "", False),
    ],
)
def test_environment_terms_and_agreements_decide(
    environment: int, approval: Any, known: list[Any], state: int, rests: str, made: bool
) -> None:
    message = subscription(environment)
    found = admission.admit(message, Shelf([body(), offering(approval=approval), *known]), NOW)
    assert (message.state, message.agreement, found is not None) == (state, rests, made)
    if found:
        assert (found.party, found.evidence, found.valid_from) == ("organisations/b", message.name, TODAY)
        assert (found.terms_version, found.notice_days) == ("1", 30)


MISSES: list[tuple[Any, str]] = [
    ({}, ""),
    ({"state": 1}, "state is PROPOSED, must be ACCEPTED"),
    ({"state": 3}, "state is ENDED, must be ACCEPTED"),
    ({"offering": "offerings/x"}, "offering is offerings/x, must be offerings/permits"),
    ({"terms_version": "0"}, "terms_version is 0, must be 1"),
    ({"valid_from": TODAY}, ""),
    ({"valid_from": "2026-03-02"}, "valid_from is 2026-03-02, must not lie after 2026-03-01"),
    ({"valid_to": TODAY}, ""),
    ({"valid_to": "2026-02-28"}, "valid_to is 2026-02-28, must not lie before 2026-03-01"),
    ({"party": "organisations/c"}, "party is organisations/c, must be organisations/b"),
    ({"party_class": 'county_code = "22"'}, ""),
    ({"party_class": 'county_code = "01"'}, "county_code is 22, must be 01"),
]


@pytest.mark.parametrize(("fields", "told"), MISSES)
def test_an_agreement_covers_or_says_why_not(fields: Any, told: str) -> None:
    message = agreement(**fields)
    assert sentences(uncovered(message, body(), offering(), TODAY)) == told
    assert (covering(body(), offering(), Shelf([message]), TODAY) is not None) == (told == "")


def test_a_named_agreement_must_cover_and_is_preferred() -> None:
    shelf = Shelf([body(), offering(), OWN, CLASS, agreement("old", state=3)])
    message = subscription(agreement="agreements/c")
    admission.admit(message, shelf, NOW)
    assert (message.state, message.agreement) == (APPROVED, "agreements/c")
    for environment in (2, 3):
        with pytest.raises(Precondition) as refused:
            admission.admit(subscription(environment, agreement="agreements/old"), shelf, NOW)
        assert refused.value.reason == "AGREEMENT_NOT_COVERING"
        assert refused.value.violations == (("state", "is ENDED, must be ACCEPTED"),)


def test_the_one_that_lasts_longest_is_taken() -> None:
    known = [
        agreement(key, party_class="kind = MUNICIPALITY", valid_to=last)
        for key, last in {"a": "2026-05-01", "b": "", "c": "2027-01-01"}.items()
    ]
    found = covering(body(), offering(), Shelf(known), TODAY)
    assert found is not None
    assert found.name == "agreements/b"


def test_whoever_is_not_eligible_is_not_let_in_by_any_agreement() -> None:
    shelf = Shelf([body(valid_to="2026-01-01"), offering(eligibility="kind = REGION county_code = 01"), OWN])
    for environment in (2, 3):
        with pytest.raises(Precondition) as refused:
            admission.admit(subscription(environment), shelf, NOW)
        assert [field for field, _ in refused.value.violations] == ["kind", "county_code", "valid_to"]
        assert refused.value.metadata["condition"] == "kind = REGION"


def test_approval_makes_an_agreement_where_none_covers() -> None:
    shelf = Shelf([body(), offering()])
    waiting, trial, covered = (subscription(environment, state=PENDING) for environment in (3, 2, 3))
    made = admission.approve(waiting, shelf, NOW)
    assert made is not None
    assert made.evidence == waiting.name
    assert admission.approve(trial, shelf, NOW) is None
    assert admission.approve(covered, Shelf([body(), offering(), OWN]), NOW) is None
    assert covered.agreement == OWN.name
    for state in (APPROVED, SUSPENDED, ENDED, REJECTED):
        with pytest.raises(Precondition, match="cannot go"):
            admission.approve(subscription(state=state), shelf, NOW)


@pytest.mark.parametrize(
    ("held", "others", "state", "rests", "changed"),
    [
        ({}, [], ACTIVE, "agreements/x", False),
        ({"valid_to": "2026-04-01"}, [], ACTIVE, "agreements/x", True),
        ({"valid_to": TODAY}, [], ACTIVE, "agreements/x", True),
        ({"terms_version": "0"}, [], ACTIVE, "agreements/x", False),
        ({"state": 3, "valid_to": "2026-02-28"}, [CLASS], ACTIVE, "agreements/c", True),
        ({"state": 3, "valid_to": "2026-02-28"}, [], ENDING, "agreements/x", True),
        ({"valid_to": "2026-02-28"}, [], ENDING, "agreements/x", True),
    ],
)
def test_a_subscription_follows_its_agreement(
    held: Any, others: list[Any], state: int, rests: str, changed: bool
) -> None:
    """It hears the last day; after it, it moves to another that covers it, or ends. Other terms do not touch it."""
    shelf = Shelf([body(), offering(), agreement(**held), *others])
    message = subscription(state=ACTIVE, agreement="agreements/x")
    assert admission.follow(message, shelf, NOW) is changed
    assert (message.state, message.agreement) == (state, rests)
    if state == ACTIVE and rests == "agreements/x":
        assert message.valid_to == held.get("valid_to", "")
        assert admission.follow(message, shelf, NOW) is False
