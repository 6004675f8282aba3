"""`gemensam search`: what is found, how good it is, what was corrected, and how many of which kind there are."""

import pytest

from tests.integration.cli.program import Server


def test_a_table_with_facets_below(filled: Server) -> None:
    done = filled("search", "bygglovet")
    head, row, *facets = done.out.splitlines()
    assert head.split() == ["name", "title", "provider", "score"]
    *texts, score = row.split()
    assert texts == ["offerings/permits", "Bygglov", "organisations/a"]
    assert float(score) > 0
    assert facets == ["capability: capabilities/building (1)", "provider_kind: MUNICIPALITY (1)"]
    assert done.err == ""


def test_several_words_are_one_query_and_corrections_are_told(filled: Server) -> None:
    done = filled("search", "building", "pernits")
    assert (done.code, done.err) == (0, "Showing results for building permits\n")
    assert "offerings/permits" in done.out
    [answer] = filled("search", "building pernits", "--json").lines()
    assert [each["name"] for each in answer["offerings"]] == ["offerings/permits"]
    assert (answer["corrected_query"], len(answer["scores"])) == ("building permits", 1)
    assert {each["field"]: each["value"] for each in answer["facets"]}["provider_kind"] == "MUNICIPALITY"


@pytest.mark.parametrize("more", [["--filter", "state = WITHDRAWN"], ["--filter", 'provider = "organisations/b"']])
def test_a_filter_narrows_it_and_nothing_is_no_error(filled: Server, more: list[str]) -> None:
    done = filled("search", "bygglov", *more)
    assert (done.code, done.out, done.err) == (0, "", "No offering was found.\n")


@pytest.mark.parametrize(
    ("command", "code", "reason"),
    [
        (["search", "?!"], 1, "FIELD_INVALID"),
        (["search", "x" * 201], 1, "LIMIT_EXCEEDED"),
        (["search", "bygglov", "--filter", "planet = 1"], 1, "FILTER_INVALID"),
        (["search"], 2, ""),
        (["search", "bygglov", "--page-size", "1001"], 2, ""),
        (["search", "bygglov", "--page-size", "0"], 2, ""),
    ],
)
def test_what_cannot_be_searched_for_is_explained(filled: Server, command: list[str], code: int, reason: str) -> None:
    done = filled(*command)
    assert (done.code, done.out, reason in done.err) == (code, "", True)
