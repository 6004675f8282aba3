"""`gemensam validate` and `diff`: what would change is told field by field, and by an exit code that is no other's."""

from pathlib import Path

import pytest

from tests.integration.cli import definitions
from tests.integration.cli.program import Server, gemensam
from tests.integration.cli.test_applying import revisions

CAMPAIGN = """
  campaigns:
  - id: safe
    title: {sv: Steg}
    release: offerings/permits/releases/1.0.0
    deadline: 2030-01-01T00:00:00Z
"""


def test_right_files_are_right_without_a_registry(tmp_path: Path) -> None:
    done = gemensam("validate", definitions.folder(tmp_path / "defs"))
    assert (done.code, done.err) == (0, "")
    assert done.out == "Right: 1 capability, 1 interest, 1 offering, 1 organisation, 1 release, 1 system.\n"
    stdin = gemensam("validate", "-", "--json", stdin=definitions.BODY)
    assert stdin.lines() == [{"definitions": 2, "kinds": {"organisation": 1, "system": 1}}]


def test_every_fault_of_every_file_is_told_without_a_registry(tmp_path: Path) -> None:
    files = definitions.folder(tmp_path / "defs")
    (files / "b-offering.yml").write_text(
        definitions.OFFERING.replace("title", "tilte").replace("days: 90", "days: 3651")
    )
    (files / "c-rest.yaml").write_text(definitions.CAPABILITY.replace("Capability", "Capabilty"))
    done = gemensam("validate", files)
    where = [line.removeprefix(f"{files}/").split(": ")[0] for line in done.err.splitlines()]
    assert (done.code, done.out) == (1, "")
    assert where[:3] == ["b-offering.yml:6:3", "b-offering.yml:9:45", "c-rest.yaml:2:7"]
    assert "Did you mean title?" in done.err
    assert "3 faults in the definition files.\n" in done.err
    problems = gemensam("validate", files, "--json").error()["problems"]
    assert [each["suggestion"] for each in problems] == ["title", "", "Capability"]


def test_a_difference_is_told_down_to_the_single_value(registry: Server, tmp_path: Path) -> None:
    files = definitions.folder(tmp_path / "defs")
    new = registry("diff", files)
    assert (new.code, new.err, revisions(registry)) == (2, "", 0)
    assert new.out.endswith("Would be: 6 created.\n")
    assert registry("apply", files).code == 0
    same = registry("diff", files)
    assert (same.code, same.out, registry("diff", files, "--json").out) == (0, "Would be: 6 unchanged.\n", "")
    changed = definitions.OFFERING.replace("notice_days: 90", "notice_days: 30").replace(", en: Building permits", "")
    (files / "b-offering.yml").write_text(changed)
    assert registry("apply", files).code == 0
    with_campaign = changed.rstrip() + CAMPAIGN
    (files / "b-offering.yml").write_text(with_campaign)
    assert registry("apply", files).code == 0
    (files / "b-offering.yml").write_text(
        with_campaign.replace("2030", "2031").replace("sv: Steg", "sv: Steg, en: Step")
    )
    told = registry("diff", files)
    assert told.code == 2
    assert '~ campaigns[safe].deadline: "2030-01-01T00:00:00Z" -> "2031-01-01T00:00:00Z"' in told.out
    assert '+ campaigns[safe].title.en = "Step"' in told.out
    assert "capabilities/building" not in told.out
    assert told.out.endswith("Would be: 1 updated, 5 unchanged.\n")
    [line] = registry("diff", files, "--json").lines()
    assert [each["path"] for each in line["diff"]] == ["campaigns[safe].deadline", "campaigns[safe].title.en"]


def test_an_overlay_is_compared_and_applied(registry: Server, tmp_path: Path) -> None:
    files = definitions.folder(tmp_path / "defs")
    assert registry("apply", files).code == 0
    over = tmp_path / "test.yaml"
    over.write_text(
        "apiVersion: gemensam/v1\nkind: Offering\nmetadata: {name: offerings/permits}\nspec: {terms: {notice_days: 1}}\n"
    )
    assert gemensam("validate", files, "--overlay", over).code == 0
    told = registry("diff", files, "--overlay", over)
    assert (told.code, "~ terms.notice_days: 90 -> 1" in told.out) == (2, True)
    assert registry("apply", files, "--overlay", over).code == 0
    assert registry("diff", files, "--overlay", over).code == 0
    assert registry("diff", files).code == 2


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("validate",), 1),
        (("validate", "--nothing"), 1),
        (("diff", "--nothing", "x.yaml"), 1),
        (("diff", "good.yaml", "--address", "127.0.0.1:1"), 1),
        (("diff", "good.yaml", "--address", "nonsense"), 1),
        (("apply", "good.yaml", "--dry-run", "--address", "127.0.0.1:1"), 1),
        (("apply", "--dry-run", "--nothing"), 1),
        (("apply", "--nothing"), 2),
        (("apply", "good.yaml", "--address", "127.0.0.1:1"), 5),
        (("prune", "good.yaml", "--address", "127.0.0.1:1", "--provider", "a"), 1),
        (("prune", "good.yaml"), 1),
        (("prune", "good.yaml", "--selector", "x"), 1),
        (("diff", "--help"), 0),
    ],
)
def test_an_error_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], code: int
) -> None:
    (tmp_path / "good.yaml").write_text(definitions.BODY)
    monkeypatch.chdir(tmp_path)
    done = gemensam(*command)
    assert done.code == code, done.err
    if code and "--nothing" not in command and len(command) > 1:
        assert gemensam(*command, "--json").error()["exit_code"] == code


def test_what_the_registry_refuses_is_an_error_and_the_rest_is_told(registry: Server, tmp_path: Path) -> None:
    files = definitions.folder(tmp_path / "defs")
    (files / "b-offering.yml").write_text(definitions.OFFERING.replace("/building]", "/none]"))
    done = registry("diff", files)
    assert (done.code, revisions(registry)) == (1, 0)
    assert "b-offering.yml:8:17: REFERENCE_NOT_FOUND: capabilities: names capabilities/none" in done.out
    assert done.out.endswith("Would be: 4 created, 2 failed.\n")
