"""The index of standing orders answers what a scan would, and looks at no more than may match."""

import random

import pytest

from registry.api.v1.change_pb2 import Change
from registry.api.v1.interest_pb2 import Interest
from registry.api.v1.offering_pb2 import Offering
from registry.services.standing import Standing, wants

NOTIFY, PROPOSE, JOIN = 1, 2, 3
FILTERS = [
    'name = "offerings/o{0}"',
    'capabilities:"capabilities/c{0}"',
    "provider = organisations/p{0}",
    'provider = organisations/p{0} AND capabilities:"capabilities/c{1}"',
    'capabilities:"capabilities/c{0}" OR name = offerings/o{1}',
    'capabilities:"capabilities/c{0}" OR title.sv : "{1}"',
    'NOT capabilities:"capabilities/c{0}"',
    'title.sv : "{0}"',
    "provider : p{0}",
    'state = ACTIVE AND (capabilities:"capabilities/c{0}" OR capabilities:"capabilities/c{1}")',
    "terms.approval = AUTOMATIC",
    "planet = {0}",
    "((",
]


def interest(number: int, text: str, mode: int = JOIN) -> Interest:
    name = f"organisations/b{number % 10}/interests/i{number}"
    return Interest(name=name, filter=text, mode=mode)  # type: ignore[arg-type]


def offering(chance: random.Random) -> Offering:
    drawn = [chance.randrange(4) for _ in range(3)]
    made = Offering(name=f"offerings/o{drawn[0]}", provider=f"organisations/p{drawn[1]}", state=1)  # type: ignore[arg-type]
    made.title.sv, made.terms.approval = f"Tjänst {drawn[2]}", chance.choice([1, 2])  # type: ignore[assignment]
    made.capabilities.extend(sorted({f"capabilities/c{chance.randrange(4)}" for _ in range(chance.randrange(3))}))
    return made


def told(revision: int, message: Interest, *, gone: bool = False) -> Change:
    change = Change(revision=revision, kind="interest", name=message.name, etag="" if gone else "e")
    change.resource.interest.CopyFrom(message)
    return change


@pytest.mark.parametrize("seed", range(5))
def test_the_index_answers_what_a_scan_would(seed: int) -> None:
    """Orders come, change and go at random; those that cannot be read and NOTIFY among them."""
    chance = random.Random(seed)  # noqa: S311 - the same orders each time
    standing, known = Standing(0), dict[str, Interest]()
    for revision in range(1, 200):
        text = chance.choice(FILTERS).format(chance.randrange(4), chance.randrange(4))
        order = interest(chance.randrange(40), text, chance.choice([NOTIFY, PROPOSE, JOIN, JOIN]))
        gone = chance.random() < 0.2
        standing.learn([told(revision, order, gone=gone)])
        known.pop(order.name, None)
        known |= {} if gone else {order.name: order}
        message = offering(chance)
        found = [each.name for each in standing.wanting(message)]
        assert sorted(found) == sorted(name for name, each in known.items() if wants(each, message))
    owned = {each.name for number in range(10) for each, _ in standing.of_name(f"organisations/b{number}")}
    assert owned == {name for name, each in known.items() if each.mode != NOTIFY}
    assert [each.name for name in owned for each, _ in standing.of_name(name)] == list(owned)


def test_what_is_known_already_is_not_taken_back() -> None:
    """A snapshot may be newer than the page that is read after it."""
    standing = Standing(10)
    standing.learn([told(9, interest(1, "provider = organisations/p1"))])
    assert list(standing.wanting(Offering(name="offerings/o", provider="organisations/p1"))) == []
    standing.learn([told(11, interest(1, "provider = organisations/p1"))])
    assert len(list(standing.wanting(Offering(name="offerings/o", provider="organisations/p1")))) == 1


@pytest.mark.parametrize("strangers", [0, 100, 2_000])
@pytest.mark.parametrize("text", FILTERS[:5])
def test_orders_that_cannot_match_are_not_evaluated(text: str, strangers: int) -> None:
    """However many there are: two may match, two are looked at."""
    standing = Standing(0)
    standing.learn(
        told(number + 1, interest(number, text.format(f"{number}x", f"{number}x"))) for number in range(strangers)
    )
    ours = [interest(number, text.format("1", "1")) for number in (20_000, 20_001)]
    standing.learn(told(number + 20_000, each) for number, each in enumerate(ours))
    message = Offering(name="offerings/o1", provider="organisations/p1", capabilities=["capabilities/c1"], state=1)  # type: ignore[arg-type]
    assert [each.name for each in standing.wanting(message)] == [each.name for each in ours]
    assert standing.evaluated == 2


def test_a_withdrawn_offering_is_wanted_by_nobody_and_costs_nothing() -> None:
    standing = Standing(0)
    standing.learn([told(1, interest(1, "terms.approval = AUTOMATIC"))])
    assert list(standing.wanting(Offering(state=2, terms={"approval": 1}))) == []  # type: ignore[arg-type]
    assert standing.evaluated == 0
