"""What people type finds what they mean: recall among the first five, on every engine, over questions written beforehand."""

from collections import Counter

import pytest

from registry.api.v1.offering_pb2 import Offering
from registry.store import Search
from registry.store.sqlstore import SqlStore

from .conftest import put
from .relevance.corpus import messages, pairs

FIRST = 5
GOAL = 0.9


async def first(store: SqlStore, query: str) -> list[str]:
    found = await store.read(lambda view: view.search(Search(query, page_size=FIRST)))
    return [Offering.FromString(each).name.removeprefix("offerings/") for each in found.documents]


async def test_the_first_five_have_what_was_meant(store: SqlStore, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = messages()
    assert sum(isinstance(each, Offering) for each in corpus) >= 100
    await store.write(put(*corpus))
    asked = pairs()
    groups = Counter(group for group, _, _ in asked)
    assert (len(asked) >= 40, groups["misspelt"] >= 8, groups["compound"] >= 10) == (True, True, True)
    answers = {query: await first(store, query) for _, query, _ in asked}
    missed = [
        f"{query!r}: {expected}, not {answers[query]}" for _, query, expected in asked if expected not in answers[query]
    ]
    recall = 1 - len(missed) / len(asked)
    with capsys.disabled():
        engine = store._read_engine.dialect.name
        print("", f"{engine}: recall@{FIRST} {recall:.3f} of {len(asked)}", *missed, sep="\n  ")  # noqa: T201 - the figure is what the test is for
    assert recall >= GOAL
