"""`gemensam get`, `list` and `export` against the real organisations, and errors with their exit codes."""

from pathlib import Path

import pytest

from tests.integration.cli.conftest import Start
from tests.integration.cli.program import Server, gemensam


def test_lists_follow_every_page(public_sector: Server) -> None:
    names = [each["name"] for each in public_sector("list", "organisations", "--json").lines()]
    assert len(set(names)) == len(names) == 654
    assert names == sorted(names)
    table = public_sector("list", "organisation").out.splitlines()
    assert table[0].split() == ["name", "kind", "title", "organisation_number", "host"]
    assert [line.split()[0] for line in table[1:]] == names
    columns = {line.index(" 2") for line in table[1:200] if " 2" in line}
    assert len(columns) == 1


def test_lists_are_filtered_ordered_and_cut(public_sector: Server) -> None:
    condition = 'kind = MUNICIPALITY AND county_code = "22"'
    found = public_sector(
        "list", "organisations", "--filter", condition, "--order-by", "title.sv desc", "--json"
    ).lines()
    towns = ["Örnsköldsvik", "Ånge", "Timrå", "Sundsvall", "Sollefteå", "Kramfors", "Härnösand"]
    assert [each["title"]["sv"] for each in found] == towns
    assert len(public_sector("list", "organisations", "--limit", "3", "--json").lines()) == 3
    assert len(public_sector("list", "organisations", "--limit", "201", "--json").lines()) == 201
    assert len(public_sector("list", "organisations", "--limit", "201").out.splitlines()) == 202


def test_one_resource_is_shown(public_sector: Server) -> None:
    shown = public_sector("get", "organisations/gotland")
    assert ["title.sv", "Gotland"] in [line.split() for line in shown.out.splitlines()]
    [body] = public_sector("get", "organisations/gotland", "--json").lines()
    assert (body["kind"], body["organisation_number"]) == ("ORGANISATION_KIND_MUNICIPALITY", "2120000803")


@pytest.mark.parametrize(
    ("command", "code", "reason"),
    [
        (["get", "organisations/none"], 1, "RESOURCE_NOT_FOUND"),
        (["get", "organisations"], 1, "NAME_INVALID"),
        (["list", "organisations", "--filter", "kind ="], 1, "FILTER_INVALID"),
        (["list", "organisations", "--order-by", "nothing"], 1, "ORDER_INVALID"),
        (["list", "systems", "--parent", "x"], 1, "NAME_INVALID"),
        (["list", "organisatons"], 2, ""),
        (["get", "organisations/none", "--address", "127.0.0.1:1"], 5, ""),
    ],
)
def test_errors_say_what_why_and_what_now(public_sector: Server, command: list[str], code: int, reason: str) -> None:
    done = public_sector(*command)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("Error: ")
    assert "Traceback" not in done.err
    assert f"  reason  {reason}\n" in done.err or not reason
    assert "  remedy  " in done.err or code == 2
    error = public_sector(*command, "--json").error()
    assert (error["reason"], error["exit_code"]) == (reason, code)
    assert done.err.splitlines()[0] == f"Error: {error['message']}"


@pytest.mark.parametrize("command", [["list"], ["nothing"], ["list", "organisations", "--nothing"], ["get"]])
def test_wrong_usage_has_its_exit_code(command: list[str]) -> None:
    assert gemensam(*command).code == 2


def test_an_export_applied_again_changes_nothing(filled: Server, tmp_path: Path) -> None:
    text = filled("export")
    again = filled("apply", "-", stdin=text.out)
    assert (again.code, again.out.splitlines()[-1]) == (0, "6 unchanged.")
    assert filled("export", "--out", tmp_path / "out").out == f"6 resources are in {tmp_path / 'out'}.\n"
    dry = filled("apply", tmp_path / "out", "--dry-run")
    assert (dry.code, dry.out.splitlines()[-1]) == (0, "Would be: 6 unchanged.")
    assert (tmp_path / "out" / "organisations" / "a" / "systems" / "gw.yaml").is_file()


def test_an_export_fills_an_empty_registry_contracts_included(filled: Server, start: Start, tmp_path: Path) -> None:
    assert filled("export", "--out", tmp_path / "out").code == 0
    other = start("other")
    assert other("apply", tmp_path / "out").out.splitlines()[-1] == "6 created."
    assert other("export").out == filled("export").out
    assert [each["kind"] for each in other("ledger", "tail", "--json").lines()] == [
        "capability",
        "organisation",
        "system",
        "offering",
        "release",
        "interest",
    ]


def test_exports_are_of_the_kinds_and_names_asked_for(filled: Server) -> None:
    assert filled("export", "--kinds", "offerings,system").out.count("apiVersion") == 2
    assert (
        filled("export", "--kinds", "offering", "--kinds", "release", "--prefix", "offerings/permits/").out.count(
            "kind: Release"
        )
        == 1
    )
    [line] = filled("export", "--kinds", "release", "--json").lines()
    assert line["version"] == "1.0.0"
    assert filled("export", "--kinds", "subscription").code == 2
