"""Tables of one's own: what is wrong is said with file and line, the rest is taken, no personal number is repeated."""

from pathlib import Path

import pytest

from registry import publicsector
from registry.api.v1.organisation_pb2 import Organisation

HEADER = "orgnr,namn_enligt_scb,kind,arsarbetskrafter,ar,vardmyndighet,webb\n"
GOOD = "2021005448,SKATTEVERKET,statlig_myndighet,8906.05,2025,,www.skatteverket.se\n"
PERSON = "121212-1212"


def load(folder: Path, **tables: str) -> publicsector.Loaded:
    """What a folder with these tables gives."""
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return publicsector.load(folder)


@pytest.mark.parametrize(
    ("row", "line", "words"),
    [
        (f"{PERSON},X,statlig_myndighet,,,,", 3, "orgnr has what looks like a personal identity number"),
        (f"2021005448,Y {PERSON},statlig_myndighet,,,,", 3, "namn_enligt_scb has what looks like"),
        (f"2021005449,X,statlig_myndighet,,,{PERSON},", 3, "vardmyndighet has what looks like"),
        ("2021005449,X,statlig_myndighet,,,,", 3, "has a wrong check digit"),
        ("2021005448,,statlig_myndighet,,,,", 3, "no name"),
        ("2021005448,X,statlig_mynighet,,,,", 3, "kind must be one of lansstyrelse"),
        ("2021005448,X,statlig_myndighet,many,2025,,", 3, "arsarbetskrafter must be a number"),
        ("2021005448,X,statlig_myndighet,1,last year,,", 3, "size.as_of: must be a day"),
        ("2021005448,X,statlig_myndighet", 3, "3 cells, and the header has 7"),
        ("2021005448,SKATTEVERKET,statlig_myndighet,,,,", 3, "same organisation as"),
        ('2021005448,"two\nlines,statlig_myndighet,,,,', 3, "cells"),
        ("2021005448,***,statlig_myndighet,,,,", 3, "name: must have the pattern"),
    ],
)
def test_a_row_is_refused_and_the_rest_taken(tmp_path: Path, row: str, line: int, words: str) -> None:
    loaded = load(tmp_path, statliga_organisationer=HEADER + GOOD + row + "\n")
    assert [entry.organisation.name for entry in loaded.entries] == ["organisations/skatteverket"]
    [problem] = loaded.problems
    assert (problem.place.file, problem.place.line) == (str(tmp_path / "statliga_organisationer.csv"), line)
    assert words in problem.message
    assert PERSON not in str(problem)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("orgnr;namn_enligt_scb;kind\n", "no column orgnr"),
        (f"{PERSON},SKATTEVERKET\n", "no column orgnr"),
        ("", "no column orgnr"),
    ],
)
def test_a_table_without_its_columns_is_refused(tmp_path: Path, table: str, words: str) -> None:
    loaded = load(tmp_path, statliga_organisationer=table)
    assert loaded.entries == []
    assert words in loaded.problems[0].message
    assert PERSON not in str(loaded.problems)


def test_a_table_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kommuner.csv").write_bytes("kommunkod,namn,lanskod,orgnr\n0305,Håbo,03,\n".encode("latin-1"))
    assert "UTF-8" in publicsector.load(tmp_path).problems[0].message


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    assert "none of the tables kommuner.csv" in publicsector.load(tmp_path).problems[0].message


def test_a_region_with_the_number_of_a_municipality_needs_it(tmp_path: Path) -> None:
    regions = "lanskod,namn,orgnr\n09,Region Gotland,2120000803\n10,Region Blekinge,\n"
    loaded = load(tmp_path, regioner=regions)
    assert [entry.organisation.name for entry in loaded.entries] == ["organisations/region-blekinge"]
    assert loaded.problems[0].place.line == 2


def test_ones_own_population_keeps_its_day_and_source(tmp_path: Path) -> None:
    municipalities = "kommunkod,namn,lanskod,orgnr\n0114,Upplands Väsby,01,212000-0019\n"
    people = "kommunkod,invanare,datum,kalla\n0114,50550,2025-12-31,SCB\n0115,-1,2025-12-31,SCB\n0114,few,,\n"
    loaded = load(tmp_path, kommuner=municipalities, kommuner_folkmangd=people)
    [entry] = loaded.entries
    size = entry.organisation.size
    assert (size.inhabitants, size.as_of, size.source) == (50550, "2025-12-31", "SCB")
    assert entry.organisation.organisation_number == "2120000019"
    assert [problem.place.line for problem in loaded.problems] == [4]


def test_other_kinds_can_be_given(tmp_path: Path) -> None:
    loaded = load(tmp_path, statliga_organisationer=HEADER + "556036-0793,Exempel AB,statligt_bolag,,,,\n")
    assert [(entry.organisation.kind, entry.organisation.organisation_number) for entry in loaded.entries] == [
        (8, "5560360793")
    ]


def test_what_the_tables_do_not_say_stays() -> None:
    existing = Organisation(
        name="organisations/a",
        etag="e1",
        uid="u1",
        digital_lead="digital@a.example",
        county_code="02",
        host="organisations/b",
    )
    existing.labels.update({"own": "1", "duties": "old"})
    existing.size.inhabitants, existing.size.as_of = 5, "2020"
    imported = Organisation(name="organisations/a", county_code="01")
    imported.labels["duties"] = "region"
    imported.size.inhabitants = 7
    merged = publicsector.merge(existing, imported)
    assert (merged.etag, merged.digital_lead, merged.county_code) == ("e1", "digital@a.example", "01")
    assert dict(merged.labels) == {"own": "1", "duties": "region"}
    assert (merged.size.inhabitants, merged.size.as_of, merged.host) == (7, "", "organisations/b")
    assert publicsector.merge(merged, imported) == merged
