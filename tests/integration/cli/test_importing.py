"""`gemensam import organisations`: once, twice, beside what others set, and with rows that are refused."""

import sqlite3
from pathlib import Path

from tests.integration.cli.program import Server

PERSON = "121212-1212"
HEADER = "orgnr,namn_enligt_scb,kind,arsarbetskrafter,ar,vardmyndighet,webb\n"
ROWS = "2021005448,SKATTEVERKET,statlig_myndighet,8906.05,2025,,\n2021005901,Skatterättsnämnden,statlig_myndighet,7.5,2025,Skatteverket,\n"


def stored(registry: Server) -> bytes:
    """Every byte that the registry keeps, with its log."""
    with sqlite3.connect(registry.data / "gemensam.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return b"".join(each.read_bytes() for each in registry.data.iterdir()) + registry.log.encode()


def test_importing_twice_changes_nothing_and_says_so(registry: Server) -> None:
    [first] = registry("import", "organisations", "--json").lines()
    assert first["changed"] == 654
    assert first["kinds"]["municipality"] == {"created": 290, "updated": 0, "unchanged": 0, "failed": 0}
    assert {kind: counts["created"] for kind, counts in first["kinds"].items()} == {
        "county_board": 21,
        "court": 82,
        "municipality": 290,
        "region": 17,
        "state_agency": 214,
        "university": 30,
    }
    assert [each["line"] for each in first["unresolved_hosts"]] == [152]
    again = registry("import", "organisations")
    assert again.code == 0
    assert "Nothing changed: 654 organisations are as the tables say." in again.out
    assert [line.split() for line in again.out.splitlines() if line.startswith("all")] == [
        ["all", "0", "0", "654", "0"]
    ]
    assert "Left empty: statliga_organisationer.csv:152" in again.err
    [last] = registry("ledger", "tail", "-n", "1", "--json").lines()
    assert last["revision"] == "654"


def test_what_an_organisation_set_itself_stays(registry: Server) -> None:
    assert registry("import", "organisations").code == 0
    document = registry("export", "--prefix", "organisations/gotland").out
    document = document.replace("    duties: region", "    duties: region\n    own: yes")
    lead = "digital_lead: digital@gotland.example"
    document = document.replace("kind: municipality", f"{lead}\n  kind: municipality")
    assert registry("apply", "-", stdin=document).out.endswith("1 updated, 1 unchanged.\n")
    assert "Nothing changed" in registry("import", "organisations").out
    [body] = registry("get", "organisations/gotland", "--json").lines()
    assert body["labels"] == {"duties": "region", "own": "yes"}
    assert body["digital_lead"] == "digital@gotland.example"


def test_rows_are_refused_the_rest_goes_in_and_no_person_is_kept(registry: Server, tmp_path: Path) -> None:
    table = tmp_path / "statliga_organisationer.csv"
    bad = f"{PERSON},X,statlig_myndighet,,,,\n2021005449,Y,statlig_myndighet,,,,\n"
    table.write_text(HEADER + ROWS + bad)
    done = registry("import", "organisations", "--from", tmp_path)
    assert done.code == 1
    assert f"Refused: {table}:4: orgnr has what looks like a personal identity number" in done.err
    assert f"Refused: {table}:5: orgnr: The organisation number has a wrong check digit" in done.err
    assert [line.split() for line in done.out.splitlines()][-1] == ["all", "2", "0", "0", "0"]
    [body] = registry("get", "organisations/skatterattsnamnden", "--json").lines()
    assert body["host"] == "organisations/skatteverket"
    scripted = registry("import", "organisations", "--from", tmp_path, "--json")
    assert [each["line"] for each in scripted.lines()[0]["refused_rows"]] == [4, 5]
    assert scripted.lines()[0]["changed"] == 0
    for form in (PERSON, PERSON.replace("-", "")):
        assert form not in done.out + done.err + scripted.out + scripted.err
        assert form.encode() not in stored(registry)


def test_a_changed_table_updates_what_it_changes(registry: Server, tmp_path: Path) -> None:
    table = tmp_path / "statliga_organisationer.csv"
    table.write_text(HEADER + ROWS)
    assert registry("import", "organisations", "--from", tmp_path).code == 0
    table.write_text(HEADER + ROWS.replace("8906.05,2025", "9000,2026"))
    done = registry("import", "organisations", "--from", tmp_path)
    assert [line.split() for line in done.out.splitlines()][-1] == ["all", "0", "1", "1", "0"]


def test_a_folder_that_is_none_is_wrong_usage(registry: Server, tmp_path: Path) -> None:
    assert registry("import", "organisations", "--from", tmp_path / "none").code == 2
    empty = registry("import", "organisations", "--from", tmp_path)
    assert (empty.code, "none of the tables" in empty.err) == (1, True)
