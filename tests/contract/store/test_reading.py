"""What every engine promises of a read."""

import pytest

from registry.domain.filter import parse
from registry.errors import Invalid, Precondition
from registry.store import Query
from registry.store.sqlstore import SqlStore
from tests.components.announced import stored

from .conftest import body, put


async def names(store: SqlStore, **query: object) -> list[str]:
    """Names over all pages of two."""
    found: list[str] = []
    token = ""
    while True:
        asked = Query("organisation", page_size=2, page_token=token, **query)  # type: ignore[arg-type]
        page = await store.read(lambda view, asked=asked: view.page(asked))  # type: ignore[misc]
        found += [body("x").FromString(document).name for document in page.documents]
        if not (token := page.next_page_token):
            return found


@pytest.fixture
async def filled(store: SqlStore) -> SqlStore:
    """Five bodies."""
    for key, title, inhabitants, county in [
        ("a", "Örebro", 9, "18"),
        ("b", "ale", 30, "14"),
        ("c", "Borås", 20, "14"),
        ("d", "Ystad", 20, "12"),
        ("e", "Åre", 7, "23"),
    ]:
        await store.write(put(body(key, title, county_code=county, size={"inhabitants": inhabitants})))
    return store


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("", "name", "abcde"),
        ("", "name desc", "edcba"),
        ("county_code = 14", "name", "bc"),
        ("county_code = 14 OR county_code = 12", "size.inhabitants desc", "bdc"),
        ("", "size.inhabitants", "eacdb"),
        ("size.inhabitants >= 20 NOT county_code = 12", "name", "bc"),
        ('title.sv : "BOR"', "name", "c"),
        ('title.sv : "%"', "name", ""),
        ("kind = MUNICIPALITY", "name", "abcde"),
        ("kind = REGION", "name", ""),
        ('county_code = ""', "name", ""),
        ("update_time > 2020-01-01T00:00:00Z", "name", "abcde"),
    ],
)
async def test_pages_follow_filter_and_order(filled: SqlStore, text: str, order: str, expected: str) -> None:
    found = await names(filled, filter=parse(text), order_by=order)
    assert [name.removeprefix("organisations/") for name in found] == list(expected)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"filter": parse("planet = 1")}, "FILTER_INVALID"),
        ({"filter": parse("kind = PLANET")}, "FILTER_INVALID"),
        ({"filter": parse("size.inhabitants = many")}, "FILTER_INVALID"),
        ({"order_by": "planet"}, "ORDER_INVALID"),
        ({"order_by": "name up"}, "ORDER_INVALID"),
        ({"page_token": "!"}, "PAGE_TOKEN_INVALID"),
        ({"page_token": "WzEsMiwzXQ=="}, "PAGE_TOKEN_INVALID"),
        ({"page_token": "e30="}, "PAGE_TOKEN_INVALID"),
    ],
)
async def test_malformed_queries_are_refused(store: SqlStore, query: dict[str, object], reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        await store.read(lambda view: view.page(Query("organisation", **query)))  # type: ignore[arg-type]
    assert refused.value.reason == reason


async def test_a_token_of_another_query_is_refused(filled: SqlStore) -> None:
    page = await filled.read(lambda view: view.page(Query("organisation", page_size=2)))
    other = Query("organisation", page_size=2, order_by="title.sv", page_token=page.next_page_token)
    with pytest.raises(Invalid):
        await filled.read(lambda view: view.page(other))


async def test_a_revision_ahead_of_the_store_is_refused_with_both(filled: SqlStore) -> None:
    assert await filled.read(lambda view: view.revision, min_revision=5) == 5
    with pytest.raises(Precondition) as refused:
        await filled.read(lambda view: view.revision, min_revision=6)
    assert refused.value.reason == "REVISION_IN_FUTURE"
    assert refused.value.metadata == {"requested_revision": "6", "head_revision": "5"}


async def test_a_snapshot_does_not_move(filled: SqlStore) -> None:
    async with filled.snapshot() as snapshot:
        await filled.write(put(body("f")))
        pages = [page async for page in snapshot.documents(["organisation"])]
    assert [name for page in pages for _, name, _ in page] == [f"organisations/{key}" for key in "abcde"]
    assert snapshot.revision == 5


async def test_changes_are_read_by_kind_and_name(filled: SqlStore) -> None:
    found = await filled.read(lambda view: view.changes(2, 10, ["organisation"], "organisations/c"))
    assert [change.revision for change in found] == [3]
    assert await filled.read(lambda view: view.changes(1, 10, ["offering"])) == []
    assert len(await filled.read(lambda view: view.changes(1, 3))) == 3


async def test_entries_are_the_changes_as_they_are_stored(filled: SqlStore) -> None:
    changes = await filled.read(lambda view: view.changes(2, 3))
    assert await filled.read(lambda view: view.entries(2, 3)) == [stored(change) for change in changes]
    assert [change.revision for change in changes] == [2, 3, 4]


async def test_entries_of_one_name_are_of_no_name_that_begins_so(filled: SqlStore) -> None:
    await filled.write(put(body("c2")))
    await filled.write(put(body("c")))
    found = await filled.read(lambda view: view.entries(1, 10, "organisations/c"))
    assert [entry.revision for entry in found] == [3, 7]
    assert await filled.read(lambda view: view.entries(4, 1, "organisations/c")) == found[1:]


async def test_the_latest_changes_of_a_kind_come_first(filled: SqlStore) -> None:
    found = await filled.read(lambda view: view.latest(5, 2, {"organisation"}))
    assert [change.revision for change in found] == [4, 3, 2]
    assert await filled.read(lambda view: view.latest(6, 1, {"offering", "release"})) == []
