"""Agreements: which ways lead where, what notice is kept, and what cannot change once accepted."""

from typing import Any

import pytest

from registry.domain import document
from registry.domain.agreement import ACCEPTED, ENDED, PROPOSED, RULES, accept, end, expire, is_recorded, place
from registry.errors import Invalid, Precondition, RegistryError, TooLarge
from tests.unit.domain.shelf import NOW, TODAY, Shelf, agreement, body, offering

SHELF = Shelf([body(), offering()])


def refused(call: Any, *arguments: Any) -> RegistryError:
    with pytest.raises(RegistryError) as error:
        call(*arguments)
    return error.value


@pytest.mark.parametrize(
    ("state", "step", "there"),
    [
        (PROPOSED, "accept", ACCEPTED),
        (PROPOSED, "end", ENDED),
        (ACCEPTED, "accept", None),
        (ACCEPTED, "end", ACCEPTED),
        (ENDED, "accept", None),
        (ENDED, "end", None),
    ],
)
def test_each_step_leads_where_the_table_says_and_nowhere_else(state: Any, step: str, there: Any) -> None:
    message = agreement(state=state)
    call: Any = (accept, message, "case 1", SHELF, NOW) if step == "accept" else (end, message, "", NOW)
    if there is None:
        error = refused(*call)
        assert (type(error), error.reason) == (Precondition, "STATE_TRANSITION_ILLEGAL")
        assert (error.metadata["name"], message.state) == (message.name, state)
        return
    call[0](*call[1:])
    assert message.state == there


def test_acceptance_keeps_its_evidence_and_begins_today_unless_another_day_is_said() -> None:
    first, later = agreement(state=PROPOSED), agreement(state=PROPOSED, valid_from="2026-04-01")
    for each in (first, later):
        accept(each, "case 1", SHELF, NOW)
    assert [(each.evidence, each.valid_from) for each in (first, later)] == [
        ("case 1", TODAY),
        ("case 1", "2026-04-01"),
    ]


@pytest.mark.parametrize(("valid_to", "why"), [("2026-02-28", "STATE_TRANSITION_ILLEGAL"), (TODAY, "")])
def test_what_is_over_is_not_accepted(valid_to: str, why: str) -> None:
    message = agreement(state=PROPOSED, valid_to=valid_to)
    if why:
        assert refused(accept, message, "case 1", SHELF, NOW).reason == why
    else:
        accept(message, "case 1", SHELF, NOW)
    assert message.state == (PROPOSED if why else ACCEPTED)


def test_terms_that_changed_since_the_proposal_are_not_accepted() -> None:
    error = refused(accept, agreement(state=PROPOSED), "case 1", Shelf([offering(version="2")]), NOW)
    assert (error.reason, error.metadata["terms_version"], error.metadata["current_version"]) == (
        "TERMS_CHANGED",
        "1",
        "2",
    )


@pytest.mark.parametrize(
    ("agreed", "asked", "last_day", "why"),
    [
        ("", "", "2026-03-31", ""),
        ("", "2026-03-31", "2026-03-31", ""),
        ("", "2026-03-30", "2026-03-31", "NOTICE_TOO_SHORT"),
        ("", "2027-01-01", "2027-01-01", ""),
        ("2026-03-10", "", "2026-03-10", ""),
        ("2026-03-10", "2026-03-10", "2026-03-10", ""),
        ("2026-03-10", "2026-03-09", "2026-03-10", "NOTICE_TOO_SHORT"),
        ("2026-03-10", "2026-03-11", "", "FIELD_INVALID"),
        ("2026-12-31", "", "2026-03-31", ""),
        ("2026-12-31", "2026-12-31", "2026-12-31", ""),
        ("2026-12-31", "2027-01-01", "", "FIELD_INVALID"),
    ],
)
def test_notice_is_kept_and_the_earliest_day_told(agreed: str, asked: str, last_day: str, why: str) -> None:
    message = agreement(valid_to=agreed)
    if not why:
        end(message, asked, NOW)
        assert (message.valid_to, message.state) == (last_day, ACCEPTED)
        return
    error = refused(end, message, asked, NOW)
    assert (error.reason, error.metadata.get("earliest_time", "")) == (why, last_day)
    assert last_day in error.message
    assert message.valid_to == agreed


def test_without_notice_it_may_end_today_but_not_yesterday() -> None:
    message = agreement(notice_days=0)
    assert refused(end, message, "2026-02-28", NOW).reason == "NOTICE_TOO_SHORT"
    end(message, TODAY, NOW)
    assert (message.valid_to, message.state) == (TODAY, ACCEPTED)


@pytest.mark.parametrize(("valid_to", "over"), [("", False), (TODAY, False), ("2026-02-28", True)])
def test_it_is_over_the_day_after_its_last(valid_to: str, over: bool) -> None:
    message = agreement(valid_to=valid_to)
    assert (expire(message, NOW), message.state == ENDED) == (over, over)
    assert expire(message, NOW) is False


@pytest.mark.parametrize(
    "field", ["offering", "terms_version", "party", "party_class", "valid_from", "valid_to", "evidence"]
)
def test_what_was_accepted_stays(field: str) -> None:
    before = agreement(valid_from=TODAY, evidence="case 1")
    other = {
        "offering": "offerings/other",
        "party": "organisations/c",
        "valid_from": "2026-03-02",
        "valid_to": "2026-12-31",
    }
    after = agreement(valid_from=TODAY, evidence="case 1")
    setattr(after, field, other.get(field, "kind = REGION"))
    shelf = Shelf([body(), body("c"), offering(), type(offering())(name="offerings/other")])
    assert refused(document.fits, RULES, after, before, shelf).reason == "FIELD_IMMUTABLE"
    document.fits(RULES, before, before, shelf)


def test_what_is_not_sent_of_an_accepted_one_is_kept() -> None:
    before = agreement(valid_from=TODAY, valid_to="2026-12-31", evidence="case 1")
    after = agreement(terms_version="")
    document.fits(RULES, after, before, SHELF)
    place(after, before, SHELF, NOW)
    assert after == before


def test_a_proposal_takes_the_terms_as_they_are() -> None:
    after = agreement(state=0, terms_version="", notice_days=7)
    document.fits(RULES, after, None, SHELF)
    place(after, None, SHELF, NOW)
    assert (after.terms_version, after.notice_days, after.state) == ("1", 30, PROPOSED)
    assert refused(document.fits, RULES, agreement(terms_version="2"), None, SHELF).reason == "FIELD_INVALID"


def test_one_that_is_written_with_evidence_is_accepted() -> None:
    after = agreement(state=0, evidence="case 1")
    place(after, None, SHELF, NOW)
    assert (after.state, is_recorded(after)) == (ACCEPTED, False)
    assert is_recorded(agreement(evidence="organisations/b/subscriptions/s"))


WRONG: list[tuple[Any, str]] = [
    ({"party": ""}, "party"),
    ({"party_class": ""}, "party"),
    ({"party_class": "planet = 1"}, "party_class"),
    ({"party": "b"}, "party"),
    ({"valid_from": "2026-02-30"}, "valid_from"),
    ({"valid_from": "2026-03-02", "valid_to": TODAY}, "valid_to"),
    ({"offering": ""}, "offering"),
]


@pytest.mark.parametrize(("fields", "field"), WRONG)
def test_what_is_wrong_in_itself_is_refused(fields: Any, field: str) -> None:
    with pytest.raises(Invalid) as error:
        document.check(RULES, agreement(**fields))
    assert [each for each, _ in error.value.violations] == [field]


def test_evidence_has_a_limit() -> None:
    document.check(RULES, agreement(evidence="x" * 4096))
    with pytest.raises(TooLarge):
        document.check(RULES, agreement(evidence="x" * 4097))
