"""What every engine promises of a search: the same answers in the same order, whole pages, facets, corrections."""

import asyncio
from collections.abc import Sequence

import pytest
from google.protobuf.message import Message

from registry.api.v1.capability_pb2 import Capability
from registry.api.v1.offering_pb2 import Offering
from registry.domain.filter import parse
from registry.errors import Conflict, Invalid
from registry.store import Batch, Command, Found, Search
from registry.store import search as searching
from registry.store.sqlstore import SqlStore

from .conftest import body, put


def offering(key: str, title: str, text: str = "", provider: str = "a", **fields: object) -> Offering:
    message = Offering(name=f"offerings/{key}", provider=f"organisations/{provider}", state=1, **fields)  # type: ignore[arg-type]
    message.title.sv, message.description.sv = title, text
    return message


def capability(key: str, title: str) -> Capability:
    return Capability(name=f"capabilities/{key}", title={"sv": title})  # type: ignore[arg-type]


async def found(store: SqlStore, text: str, **fields: object) -> Found:
    return await store.read(lambda view: view.search(Search(text, **fields)))  # type: ignore[arg-type]


def keys(documents: Sequence[bytes]) -> str:
    return " ".join(Offering.FromString(each).name.removeprefix("offerings/") for each in documents)


async def told(store: SqlStore, text: str, **fields: object) -> str:
    return keys((await found(store, text, **fields)).documents)


@pytest.fixture
async def filled(store: SqlStore) -> SqlStore:
    """A few services of two bodies."""
    laws, labels = {"legal_basis": "Skollagen (2010:800)"}, {"labels": {"area": "utbildning"}}
    await store.write(put(body("a", "Sundsvall"), body("b", "Lunds kommun"), capability("lov", "Tillståndsprövning")))
    await store.write(
        put(
            offering("permits", "Bygglov", "Ansökningar om bygglov för förråd", capabilities=["capabilities/lov"]),
            offering("archive", "E-arkiv", "Bevarar handlingar, även ur bygglovsärenden"),
            offering("school", "Skolval", "Val av skola", "b", **laws, **labels),
            offering("preschool", "Kö till förskolan", "Förskolornas platser", "b"),
            offering("grants", "Ansökan om föreningsbidrag"),
        )
    )
    return store


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bygglov", "permits archive"),  # the title before the description
        ("BYGGLOVET", "permits archive"),  # inflected
        ("bygg", "permits archive"),  # a beginning
        ("by", ""),  # too short for one
        ("bidrag", "grants"),  # the end of a compound
        ("bygglovsansökan", "permits"),  # a compound that nobody writes, found where both parts are
        ("förskola", "preschool"),
        ("forskola", "preschool"),  # without marks
        ("skola", "school preschool"),
        ("tillståndsprövning", "permits"),  # by the capability
        ("lund skolval", "school"),  # by the provider, and by the title
        ("utbildning", "school"),  # by a label
        ("2010:800", "school"),  # by the law
        ("e-arkiv", "archive"),
        ("earkiv", "archive"),
        ("arkivet", "archive"),
        ("skolval bygglov", "school permits archive"),  # none has both
        ("om", "grants permits"),  # a word that every text has, asked for alone
        ("bygglov om", "permits archive"),  # and not alone
        ("ingenstans", ""),
    ],
)
async def test_what_a_text_finds_in_which_order(filled: SqlStore, text: str, expected: str) -> None:
    assert await told(filled, text) == expected


async def test_marks_and_forms_make_a_weaker_match(filled: SqlStore) -> None:
    scores = [(await found(filled, text)).scores[0] for text in ("bygglov", "bygglovet", "byggl")]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3
    assert (await found(filled, "forskolan")).scores[0] < (await found(filled, "förskolan")).scores[0]


@pytest.mark.parametrize(
    ("text", "corrected", "expected"),
    [
        ("byglov", "bygglov", "permits archive"),  # one letter missing
        ("byggglov", "bygglov", "permits archive"),  # one too many
        ("byggluv", "bygglov", "permits archive"),  # another
        ("bygglvo", "bygglov", "permits archive"),  # two that changed places
        ("byglvo", "", ""),  # two errors in six letters are too many
        ("föreningsbdrg", "föreningsbidrag", "grants"),  # and not in eight or more
        ("förningsbdrg", "", ""),  # three are
        ("Skolvla i LUND", "skolval i LUND", "school"),  # only that word is another
        ("vla", "", ""),  # three letters may be anything
        ("sundvall", "sundsvall", "archive grants permits"),
        ("bygglov", "", "permits archive"),
    ],
)
async def test_a_word_that_occurs_nowhere_is_corrected(
    filled: SqlStore, text: str, corrected: str, expected: str
) -> None:
    answer = await found(filled, text)
    assert (answer.corrected, keys(answer.documents)) == (corrected, expected)


async def test_nothing_is_corrected_to_a_word_that_is_gone(filled: SqlStore) -> None:
    await filled.write(put(offering("permits", "Tillstånd"), offering("archive", "Arkiv")))
    assert (await found(filled, "byglov")).corrected == ""
    assert await told(filled, "bygglov") == ""


STRANGE = [
    'bygglov"',
    '"bygglov',
    "bygglov*",
    "bygglov NEAR(bygglov bygglov, 2)",
    "-bygglov",
    "words: bygglov",
    "name:bygglov",
    "bygglov AND NOT bygglov",
    "^bygglov",
    "{words} : bygglov",
    "(bygglov",
    "bygglov)",
    "bygglov & !bygglov",
    "bygglov <-> bygglov",
    "bygglov:*A",
    "'bygglov'",
    "bygglov'; DROP TABLE texts; --",
    "bygglov\\",
    "bygglov\0",
    "bygglov %_%",
    "bygg\u00adlov bygglov",
    "bygglov \U0001f600",
    "bygglov \ud800".encode("utf-8", "replace").decode(),
]


@pytest.mark.parametrize("text", STRANGE)
async def test_nothing_in_a_query_is_an_instruction(filled: SqlStore, text: str) -> None:
    """Only its words count, so what has `bygglov` in it finds the permits."""
    assert (await told(filled, text)).startswith("permits")
    assert await told(filled, "skolval") == "school"


@pytest.mark.parametrize(
    "text", ["x" * 200, "bygglov" * 28, "a " * 100, " ".join(f"ord{n}" for n in range(40)), "åäö" * 66]
)
async def test_long_queries_are_answered(filled: SqlStore, text: str) -> None:
    assert await told(filled, text) == ""


async def test_pages_are_whole_and_in_order(store: SqlStore) -> None:
    several = [offering(f"o{number:02}", f"Bygglov {'och annat ' * (number % 3)}") for number in range(20)]
    await store.write(put(body("a"), *several))
    whole = await found(store, "bygglov", page_size=20)
    assert (len(whole.documents), whole.next_page_token) == (20, "")
    assert whole.scores == sorted(whole.scores, reverse=True)
    pages, token = [], ""
    while not pages or token:
        pages.append(await found(store, "bygglov", page_size=7, page_token=token))
        token = pages[-1].next_page_token
    assert [len(page.documents) for page in pages] == [7, 7, 6]
    assert [document for page in pages for document in page.documents] == whole.documents
    assert [score for page in pages for score in page.scores] == whole.scores
    assert [bool(page.facets) for page in pages] == [True, False, False]
    assert (await found(store, "bygglov", page_size=19)).next_page_token != ""
    for other in (Search("annat", page_token=pages[0].next_page_token), Search("bygglov", page_token="e30=")):
        with pytest.raises(Invalid, match="page token"):
            await store.read(lambda view, other=other: view.search(other))  # type: ignore[misc]


async def test_a_filter_narrows_what_is_found_and_counted(filled: SqlStore) -> None:
    where = parse('capabilities:"capabilities/lov" OR provider = "organisations/b"')
    answer = await found(filled, "bygglov", filter=where)
    assert keys(answer.documents) == "permits"
    assert answer.facets == [("capability", "capabilities/lov", 1), ("provider_kind", "MUNICIPALITY", 1)]
    with pytest.raises(Invalid):
        await found(filled, "bygglov", filter=parse("planet = 1"))


async def test_facets_are_the_largest_and_at_most_fifty(store: SqlStore) -> None:
    several = [capability(f"c{number:02}", f"C{number}") for number in range(51)]
    names = [each.name for each in several]
    await store.write(put(body("a"), body("b"), *several))
    await store.write(
        put(offering("one", "Bygglov", capabilities=names[:32]), offering("two", "Bygglov", capabilities=names[25:50]))
    )
    facets = (await found(store, "bygglov")).facets
    assert [count for field, _, count in facets if field == "capability"] == [2] * 7 + [1] * 43
    await store.write(put(offering("three", "Bygglov", "", "b", capabilities=names[50:])))
    facets = (await found(store, "bygglov", page_size=1)).facets
    assert [value for field, value, _ in facets if field == "capability"] == [*names[25:32], *names[:25], *names[32:50]]
    assert facets[-1] == ("provider_kind", "MUNICIPALITY", 3)


async def test_a_new_title_of_a_capability_or_a_provider_holds_at_once(filled: SqlStore) -> None:
    await filled.write(put(capability("lov", "Granskning"), body("b", "Ystad")))
    assert await told(filled, "granskning") == "permits"
    assert await told(filled, "tillståndsprövning") == ""
    assert await told(filled, "ystad skolval") == "school"
    assert await told(filled, "lunds") == ""


async def test_what_is_filed_is_what_was_committed(filled: SqlStore) -> None:
    """Neighbours in one group, a refused one among them, a dry run, two versions in one commit, and a deletion."""

    def refused(batch: Batch) -> Message:
        batch.put(offering("refused", "Simhall"), "created")
        raise Conflict("ETAG_MISMATCH", "no")

    def deleted(batch: Batch) -> Message:
        gone = batch.get(Offering, "offerings/archive")
        assert gone is not None
        batch.delete(gone)
        return gone

    writes = [
        put(offering("hall", "Ishall")),
        Command(run=refused),
        put(offering("hall", "Simhall")),
        put(offering("dry", "Simhall"), dry_run=True),
        Command(run=deleted),
    ]
    await asyncio.gather(*map(filled.write, writes), return_exceptions=True)
    assert await told(filled, "simhall") == "hall"
    assert await told(filled, "ishall") == ""
    assert await told(filled, "bevarar") == ""


async def test_of_too_many_those_with_the_word_in_the_title_are_ranked(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = [offering(f"a{number}", "Annat", "om bygglov") for number in range(4)]
    await store.write(put(body("a"), *several, offering("z", "Bygglov")))
    for most, expected in ((5, "z a0 a1 a2 a3"), (4, "z a0 a1 a2"), (1, "z")):
        monkeypatch.setattr(searching, "CANDIDATES", most)
        assert await told(store, "bygglov") == expected
