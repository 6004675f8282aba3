"""`gemensam apply` against a real registry: outcomes, differences, exit codes, all or nothing."""

import sqlite3
from pathlib import Path

from tests.integration.cli import definitions
from tests.integration.cli.program import Server


def revisions(registry: Server) -> int:
    """How many changes the ledger has."""
    with sqlite3.connect(registry.data / "gemensam.db") as database:
        return int(database.execute("SELECT count(*) FROM changes").fetchone()[0])


def test_a_dry_run_shows_what_apply_then_does_once(registry: Server, tmp_path: Path) -> None:
    files = definitions.folder(tmp_path / "defs")
    dry = registry("apply", files, "--dry-run")
    assert (dry.code, dry.err, revisions(registry)) == (2, "", 0)
    assert "+ terms.notice_days = 90" in dry.out
    assert dry.out.endswith("Would be: 6 created.\n")
    applied = registry("apply", files)
    assert (applied.code, revisions(registry)) == (0, definitions.COUNT)
    assert applied.out.endswith("6 created.\n")
    again = registry("apply", files)
    assert (again.code, revisions(registry)) == (0, definitions.COUNT)
    assert again.out.endswith("6 unchanged.\n")
    assert registry("apply", files, "--dry-run").code == 0


def test_a_difference_is_told_field_by_field(registry: Server, tmp_path: Path) -> None:
    files = definitions.folder(tmp_path / "defs")
    assert registry("apply", files).code == 0
    changed = definitions.OFFERING.replace("notice_days: 90", "notice_days: 30").replace(", en: Building permits", "")
    (files / "b-offering.yml").write_text(changed)
    dry = registry("apply", files, "--dry-run")
    assert dry.code == 2
    assert "~ terms.notice_days: 90 -> 30" in dry.out
    assert '- title.en = "Building permits"' in dry.out
    assert dry.out.endswith("Would be: 1 updated, 5 unchanged.\n")
    [line] = [each for each in registry("apply", files, "--json").lines() if each["outcome"] == "updated"]
    assert {"path": "terms.notice_days", "before": "90", "after": "30"} in line["diff"]
    assert (line["name"], line["file"], line["line"]) == ("offerings/permits", str(files / "b-offering.yml"), 1)


def test_faults_of_every_file_are_told_and_nothing_is_sent(registry: Server, tmp_path: Path) -> None:
    files = definitions.folder(tmp_path / "defs")
    (files / "b-offering.yml").write_text(definitions.OFFERING.replace("title", "tilte").replace("automatic", "auto"))
    (files / "c-rest.yaml").write_text(definitions.CAPABILITY.replace("Capability", "Capabilty"))
    done = registry("apply", files)
    assert (done.code, done.out, revisions(registry)) == (1, "", 0)
    where = [line.removeprefix(f"{files}/").split(": ")[0] for line in done.err.splitlines()]
    assert where[:3] == ["b-offering.yml:6:3", "b-offering.yml:9:21", "c-rest.yaml:2:7"]
    assert "Did you mean title?" in done.err
    assert "Error: 3 faults in the definition files; nothing was sent." in done.err
    problems = registry("apply", files, "--json").error()["problems"]
    assert [(each["line"], each["column"], each["suggestion"]) for each in problems] == [
        (6, 3, "title"),
        (9, 21, "automatic"),
        (2, 7, "Capability"),
    ]


def test_what_the_registry_refuses_is_told_at_its_place(registry: Server, tmp_path: Path) -> None:
    files = definitions.folder(tmp_path / "defs")
    (files / "b-offering.yml").write_text(definitions.OFFERING.replace("/building]", "/none]"))
    done = registry("apply", files)
    assert (done.code, revisions(registry)) == (1, 0)
    assert "b-offering.yml:8:17: REFERENCE_NOT_FOUND: capabilities: names capabilities/none" in done.out
    assert "BATCH_FAILED: Held back" in done.out
    assert done.out.endswith("6 failed.\n")
    each = registry("apply", files, "--best-effort", "--json")
    assert each.code == 1
    outcomes = {line["name"]: line["outcome"] for line in each.lines()}
    assert [name for name, outcome in outcomes.items() if outcome == "failed"] == [
        "offerings/permits/releases/1.0.0",
        "offerings/permits",
    ]
    assert revisions(registry) == definitions.COUNT - 2
    assert each.error()["violations"][0]["field"] == "offerings/permits/releases/1.0.0"


def test_definitions_come_from_standard_input(registry: Server) -> None:
    assert registry("apply", "-", stdin=definitions.BODY).out.endswith("2 created.\n")
    nothing = registry("apply", "-", stdin="# nothing\n")
    assert (nothing.code, "no definitions" in nothing.err) == (1, True)
    contract = registry("apply", "-", stdin=definitions.RELEASE)
    assert contract.code == 1
    assert "<stdin>:10:18: interfaces[0].spec names a file, but what comes from standard input" in contract.err


def test_more_than_a_request_holds(registry: Server, tmp_path: Path) -> None:
    (tmp_path / "many.yaml").write_text(definitions.organisations(1001))
    whole = registry("apply", tmp_path / "many.yaml", "--json")
    assert (whole.code, whole.error()["reason"], revisions(registry)) == (1, "LIMIT_EXCEEDED", 0)
    each = registry("apply", tmp_path / "many.yaml", "--best-effort")
    assert (each.code, revisions(registry)) == (0, 1001)
    assert each.out.endswith("1001 created.\n")


def test_an_offering_goes_with_the_releases_of_its_campaigns_however_many_there_are(
    registry: Server, tmp_path: Path
) -> None:
    files = definitions.folder(tmp_path / "defs")
    campaign = "[{id: safe, title: {sv: S}, release: offerings/permits/releases/1.0.0, deadline: 2030-01-01T00:00:00Z}]"
    (files / "b-offering.yml").write_text(f"{definitions.OFFERING.rstrip()}\n  campaigns: {campaign}\n")
    others = definitions.offerings(1001 - definitions.COUNT - 1)
    (files / "many.yaml").write_text("---\n".join(others) + "---\n" + definitions.RELEASE.replace("1.0.0", "0.1.0"))
    dry = registry("apply", files, "--best-effort", "--dry-run")
    assert (dry.code, dry.out.splitlines()[-1], revisions(registry)) == (2, "Would be: 1001 created.", 0)
    compared = registry("diff", files, "--json")
    assert (compared.code, {each["outcome"] for each in compared.lines()}) == (2, {"created"})
    done = registry("apply", files, "--best-effort")
    assert (done.code, done.out.splitlines()[-1]) == (0, "1001 created."), done.out
    assert registry("diff", files).out == "Would be: 1001 unchanged.\n"


def test_one_of_a_thousand_leaves_nothing_behind(registry: Server, tmp_path: Path) -> None:
    (tmp_path / "many.yaml").write_text(definitions.organisations(999) + "---\n" + definitions.OFFERING)
    done = registry("apply", tmp_path / "many.yaml")
    assert (done.code, revisions(registry)) == (1, 0)
    assert done.out.endswith("1000 failed.\n")
