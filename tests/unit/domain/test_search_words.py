"""Words, their forms, their parts and their misspellings, at each limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from registry.domain import likeness, lookup, wording
from registry.domain.ranking import CAPABILITIES, DESCRIPTION, TITLE, Term, ranked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" !?_-- ", []),
        ("Bygglov, bygglov & BYGGLOV", ["bygglov"]),
        ("E\N{NON-BREAKING HYPHEN}arkiv 2010:900", ["earkiv", "e", "arkiv", "2010", "900"]),
        ("Budget- och skuldrådgivning", ["budget", "och", "skuldrådgivning"]),
        ("fo\u0308rskola", ["förskola"]),  # the mark on its own
        ("x" * 40, ["x" * 40]),
        ("x" * 41, ["x" * 40]),
        (" ".join(map(str, range(2000))), [str(number) for number in range(2000)]),
        (" ".join(map(str, range(2001))), [str(number) for number in range(2000)]),
    ],
)
def test_words_of_a_text(text: str, expected: list[str]) -> None:
    assert wording.words(text) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ansöka om bygglov", ["ansöka", "bygglov"]),
        ("om", ["om"]),
        ("E-arkiv e-arkiv", ["e-arkiv"]),
        ("%", []),
        ("x" * 41, ["x" * 40]),
    ],
)
def test_words_of_a_query(query: str, expected: list[str]) -> None:
    assert wording.asked(query) == expected


@given(st.text())
def test_a_word_without_marks_has_as_many_letters(text: str) -> None:
    for word in wording.words(text):
        assert len(wording.fold(word)) == len(word)
        assert word.isalnum()


SAME = [
    "bygglov bygglovet bygglovens",
    "ansökan ansökning ansökningar ansöka",
    "förskola förskolan förskolor förskolornas",
    "avgift avgifter avgifterna",
    "permit permits",
]
OTHERS = [("bygglov", "bygga"), ("bokning", "bok"), ("skolan", "skolval"), ("kommun", "kommunikation")]


@pytest.mark.parametrize("forms", SAME)
def test_forms_have_a_stem_in_common(forms: str) -> None:
    first, *rest = forms.split()
    for form in rest:
        assert set(wording.stems(first)) & set(wording.stems(form)), form


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_other_words_have_not(one: str, other: str) -> None:
    assert not set(wording.stems(one)) & set(wording.stems(other))


@pytest.mark.parametrize(("letters", "count"), [(3, 0), (4, 1), (7, 1), (8, 2), (40, 2)])
def test_how_many_errors_are_forgiven(letters: int, count: int) -> None:
    assert lookup.errors("x" * letters) == count
    assert lookup.errors("1" * letters) == 0


@given(st.text("abcdeföl", min_size=4, max_size=14), st.data())
def test_a_word_with_one_error_is_found_by_its_keys(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("abcö"))
    swapped = word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]
    typed = data.draw(
        st.sampled_from(
            [word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :], swapped]
        )
    )
    if lookup.errors(wording.fold(typed)) and typed != word:
        assert OSA.distance(typed, word) == 1
        assert set(lookup.keys(word)) & lookup.misspelt(typed)
        assert likeness.meant(typed, [word]) == [word]


@given(st.text("abcdeföl", min_size=10, max_size=20), st.data())
def test_and_a_long_one_with_two_letters_wrong(word: str, data: st.DataObject) -> None:
    one, other = sorted(data.draw(st.lists(st.integers(0, len(word) - 1), min_size=2, max_size=2, unique=True)))
    typed = word[:one] + word[one + 1 : other] + "x" + word[other + 1 :]
    assert set(lookup.keys(word)) & lookup.misspelt(typed)
    assert likeness.meant(typed, [word]) == [word]


KNOWN = {"=bygglov", "=ansokan", "~forskol", "=ko", "~annons", "=upphandling", "=forening", "=ar", "~gat", "=ljus"}


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("bygglovsansökan", ["bygglov", "ansokan"]),
        ("bygglovansökan", ["bygglov", "ansokan"]),
        ("förskolekö", ["forskol", "ko"]),
        ("upphandlingsannons", ["upphandling", "annons"]),
        ("gatuljus", ["gat", "ljus"]),
        ("föreningsbygglovsansökan", ["forening", "bygglov", "ansokan"]),
        ("föreningar", []),  # an ending is no part, though `är` is a word
        ("bygglov", []),
        ("bygglovsx", []),
        ("xbygglov", []),
    ],
)
def test_compounds_are_taken_apart_by_known_words(word: str, parts: list[str]) -> None:
    assert likeness.split(word, KNOWN) == parts
    assert {f"={part}" for part in parts} <= lookup.substrings(word) | {"=forskol", "=gat"}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("bygglov", ["bygglov", "bygglovet", "bygglovsansökan", "rivning"]),
        ("förskola", ["förskola", "förskolan", "forskolan", "skola"]),
        ("ljus", ["ljus", "ljuset", "gatuljus", "gatuljusstyrning", "paljus"]),
    ],
)
def test_likeness_falls_in_order(asked: str, words: list[str]) -> None:
    found = [likeness.likeness(asked, word, KNOWN) for word in words]
    assert found[0] == 1.0
    assert found == sorted(set(found), reverse=True)
    assert found[-1] == 0.0


def test_ranks_by_field_by_rarity_and_then_by_name() -> None:
    common, rare = Term("lov", {"lov": 1.0}), Term("mark", {"mark": 1.0})
    fields = {
        "b": {TITLE: ["lov"]},
        "a": {TITLE: ["lov"]},
        "long": {TITLE: ["lov", "x", "y"]},
        "capability": {CAPABILITIES: ["lov"]},
        "text": {DESCRIPTION: ["lov"]},
        "none": {TITLE: ["annat"]},
    }
    assert [name for _, name in ranked([common], fields)] == ["a", "b", "long", "capability", "text"]
    both = {"common": {TITLE: ["lov"]}, "rare": {TITLE: ["mark"]}, "again": {TITLE: ["lov"]}}
    assert ranked([common, rare], both)[0][1] == "rare"
    assert ranked([common], {}) == []
