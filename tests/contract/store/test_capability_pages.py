"""Offerings by capability: every engine pages through the members alone, in every order and with every other filter."""

import pytest

from registry.api.v1.offering_pb2 import Offering
from registry.domain.filter import parse
from registry.store import Query
from registry.store.sqlstore import SqlStore

from .conftest import put

SEVEN = 'capabilities:"capabilities/seven"'


@pytest.fixture
async def filled(store: SqlStore) -> SqlStore:
    """Six offerings of two providers; all but `d` have the capability, `b` and `e` another one too."""
    for key in "abcdef":
        offering = Offering(name=f"offerings/{key}", provider=f"organisations/{'x' if key < 'd' else 'y'}")
        offering.title.sv = key
        offering.capabilities.extend([] if key == "d" else ["capabilities/seven"])
        offering.capabilities.extend(["capabilities/eight"] if key in "be" else [])
        await store.write(put(offering))
    return store


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        (SEVEN, "name", "abcef"),
        (SEVEN, "name desc", "fecba"),
        (SEVEN, "title.sv desc", "fecba"),
        (f"NOT {SEVEN}", "name", "d"),
        (f'{SEVEN} capabilities:"capabilities/eight"', "name", "be"),
        (f'{SEVEN} OR provider = "organisations/y"', "name", "abcdef"),
        (f'{SEVEN} provider = "organisations/y"', "name", "ef"),
        (f'provider = "organisations/x" {SEVEN} name > "offerings/a"', "name desc", "cb"),
        ('capabilities:"capabilities/none"', "name", ""),
    ],
)
async def test_pages_of_a_capability(filled: SqlStore, text: str, order: str, expected: str) -> None:
    found, token = "", ""
    while True:
        query = Query("offering", filter=parse(text), order_by=order, page_size=2, page_token=token)
        page = await filled.read(lambda view, query=query: view.page(query))  # type: ignore[misc]
        found += "".join(Offering.FromString(each).name[-1] for each in page.documents)
        if not (token := page.next_page_token):
            break
    assert found == expected
