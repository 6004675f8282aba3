"""Grants and keys at every limit: the last value that is taken and the first that is refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.api.v1.access_pb2 import Action, Grant, Key
from registry.domain import grant, key
from registry.domain.violations import Violations
from registry.errors import Invalid

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
READ, OPERATE, GIVE = Action.ACTION_READ, Action.ACTION_OPERATE, Action.ACTION_GRANT


def a_grant(**fields: Any) -> Grant:
    usual: dict[str, Any] = {"principal": "keys/k", "organisation": "organisations/a", "actions": [READ]}
    return Grant(name="grants/g", **{**usual, "valid_from": NOW, "valid_to": NOW + TICK, **fields})


def a_key(**fields: Any) -> Key:
    usual: dict[str, Any] = {"organisation": "organisations/a", "actions": [READ], "purpose": "nightly"}
    return Key(name="keys/k", **{**usual, **fields})


def fields_of(message: Any) -> list[str]:
    """The fields that the rules refuse, without numbers."""
    found = Violations()
    rules = grant.RULES if isinstance(message, Grant) else key.RULES
    rules.check(message, found)
    try:
        found.refuse()
    except Invalid as error:
        return [field for field, _ in error.violations]
    return []


PRINCIPALS = [
    ("keys/k", True),
    (f"keys/{'k' * 63}", True),
    (f"keys/{'k' * 64}", False),
    ("keys/", False),
    ("keys/K", False),
    ("certificates/x/2120000142", True),
    ("certificates/x/212000014", False),
    ("certificates/x/21200001421", False),
    ("certificates/x/٢١٢٠٠٠٠١٤٢", False),
    (f"tokens/x/{'c' * 128}", True),
    (f"tokens/x/{'c' * 129}", False),
    ("tokens/x/a/b", False),
    ("people/x/a", False),
    ("", False),
]


@pytest.mark.parametrize(("principal", "taken"), PRINCIPALS)
def test_who_may_be_given_a_grant(principal: str, taken: bool) -> None:
    assert fields_of(a_grant(principal=principal)) == ([] if taken else ["principal"])


SCOPES: list[tuple[dict[str, Any], list[str]]] = [
    ({"actions": []}, ["actions"]),
    ({"actions": [READ, READ]}, ["actions"]),
    ({"actions": [0]}, ["actions"]),
    ({"actions": [99]}, ["actions"]),
    ({"organisation": ""}, ["organisation"]),
    ({"organisation": "", "actions": [OPERATE]}, []),
    ({"actions": [OPERATE]}, ["actions"]),
    ({"organisation": "offerings/a"}, ["organisation"]),
    ({"name_prefix": f"offerings/{'a' * 190}"}, []),
    ({"name_prefix": f"offerings/{'a' * 191}"}, ["name_prefix"]),
    ({"name_prefix": "offerings/"}, []),
    ({"name_prefix": "/offerings"}, ["name_prefix"]),
    ({"name_prefix": "offerings//a"}, ["name_prefix"]),
    ({"name_prefix": "offerings/*"}, ["name_prefix"]),
]


@pytest.mark.parametrize("make", [a_grant, a_key])
@pytest.mark.parametrize(("fields", "refused"), SCOPES)
def test_the_scope_of_both(make: Callable[..., Any], fields: dict[str, Any], refused: list[str]) -> None:
    assert fields_of(make(**fields)) == refused


@pytest.mark.parametrize(("make", "field"), [(a_grant, "evidence"), (a_key, "purpose")])
@pytest.mark.parametrize(
    ("words", "taken"), [("å" * 200, True), ("å" * 201, False), ("a\nb", False), ("a\x1bb", False)]
)
def test_words_are_short_and_of_one_line(make: Callable[..., Any], field: str, words: str, taken: bool) -> None:
    assert fields_of(make(**{field: words})) == ([] if taken else [field])


@pytest.mark.parametrize(
    ("fields", "refused"),
    [({"purpose": ""}, ["purpose"]), ({"purpose": "  "}, ["purpose"]), ({"actions": [GIVE]}, ["actions"])],
)
def test_a_key_has_a_purpose_and_gives_nothing_on(fields: dict[str, Any], refused: list[str]) -> None:
    assert fields_of(a_key(**fields)) == refused


def test_a_grant_may_be_to_give_and_ends_after_it_begins() -> None:
    assert fields_of(a_grant(actions=[GIVE])) == []
    assert fields_of(a_grant(valid_to=NOW)) == ["valid_to"]
    assert fields_of(Grant(principal="keys/k", organisation="organisations/a", actions=[READ])) == ["valid_to"]


def begun(message: Any) -> list[str]:
    """The fields that are refused when it begins now."""
    try:
        if isinstance(message, Grant):
            grant.begin(message, "keys/maker", NOW, second=False)
        else:
            key.begin(message, "keys/maker", NOW, "secret")
    except Invalid as error:
        return [field for field, _ in error.violations]
    return []


@pytest.mark.parametrize(("make", "longest"), [(a_grant, grant.LONGEST), (a_key, key.LONGEST)])
def test_both_end_later_than_now_and_not_too_late(make: Callable[..., Any], longest: timedelta) -> None:
    ends = [NOW - TICK, NOW, NOW + TICK, NOW + longest, NOW + longest + TICK]
    assert [begun(make(valid_to=end)) == [] for end in ends] == [False, False, True, True, False]


def test_the_registrys_own_key_cannot_be_made() -> None:
    assert begun(Key(name=key.OPERATOR, organisation="organisations/a", actions=[READ], purpose="x")) == ["key_id"]


def test_a_grant_is_in_force_from_its_first_moment_to_before_its_last() -> None:
    made = a_grant(valid_to=NOW + 2 * TICK)
    grant.begin(made, "keys/maker", NOW, second=False)
    assert [grant.in_force(made, NOW + number * TICK) for number in (-1, 0, 1, 2)] == [False, True, True, False]
    grant.revoke(made)
    assert not grant.in_force(made, NOW)


def test_a_key_is_in_force_until_before_its_last_moment() -> None:
    made = a_key(valid_to=NOW + 2 * TICK)
    key.begin(made, "keys/maker", NOW, "secret")
    assert [key.in_force(made, NOW + number * TICK) for number in (0, 1, 2)] == [True, True, False]
    assert key.opens(made, "secret", NOW)
    assert not key.opens(made, "secreT", NOW)
    key.revoke(made)
    assert not key.opens(made, "secret", NOW)
