"""What every engine promises of titles that are held beside those that are there: who is found, and at what cost."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event

from registry.store import nearby
from registry.store.sqlstore import SqlStore

from .conftest import body, put
from .test_search import capability, offering

MOST = 3


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearby, "MOST", MOST)


@pytest.fixture
async def filled(store: SqlStore) -> SqlStore:
    """Nine permits whose titles have two words in common, and some that are rarer."""
    await store.write(put(body("a", "Bygglov och Skolval"), capability("lov", "Skolval")))
    permits = [offering(f"p{number}", "Bygglov digitalt" if number > 3 else "Bygglov") for number in range(8)]
    others = [offering("school", "Skolval"), offering("bad", "Simhall"), offering("z", "Bygglov för Skolval")]
    await store.write(put(*permits, *others))
    return store


@pytest.fixture
def statements(filled: SqlStore) -> Iterator[list[str]]:
    """Those that readers run, as they come."""
    found: list[str] = []

    def note(*asked: object) -> None:
        found.append(str(asked[2]))

    event.listen(filled._read_engine, "before_cursor_execute", note)
    yield found
    event.remove(filled._read_engine, "before_cursor_execute", note)


async def names(store: SqlStore, *titles: str) -> list[str]:
    """What the last title finds in a snapshot in which the others were asked before."""
    found = await store.read(lambda view: [list(view.nearby(title)) for title in titles])
    return [each.removeprefix("offerings/") for each in found[-1]]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Simhallen", "bad"),  # inflected
        ("Simhal", "bad"),  # misspelt
        ("Skolval", "school z"),  # by its own title: neither by its provider nor by its capability
        ("Skolvalssimhall", "bad school z"),  # a compound, by its parts
        ("Skolval för bygglov 17", "school z p0"),  # rare words first, then by name; what nobody knows counts nothing
        ("Bygglov", "p0 p1 p2"),  # of many the first
        ("Digitalt bygglov", "p4 p5 p6"),  # each of both words is had by more than are told: those with both come first
        ("Hemtjänst", ""),
        ("...", ""),
    ],
)
async def test_titles_find_offerings_that_share_their_words(filled: SqlStore, title: str, expected: str) -> None:
    assert " ".join(await names(filled, title)) == expected
    assert " ".join(await names(filled, "Bygglov", "Simhall 4", title)) == expected


async def test_words_that_were_asked_before_cost_nothing_again(filled: SqlStore, statements: list[str]) -> None:
    await names(filled, "Digitalt bygglov")
    once = len(statements)
    await names(filled, *["Digitalt bygglov", "Bygglov, digitalt"] * 50)
    assert len(statements) == 2 * once
    await names(filled, *(f"Digitalt bygglov {number}" for number in range(1, 51)))
    assert len(statements) - 2 * once <= once + 50 * 6
