"""`gemensam prune`: within a scope that is named, by lawful steps, and nothing of what has subscribers unsaid."""

from pathlib import Path

import pytest

from tests.integration.cli import definitions
from tests.integration.cli.program import Server
from tests.integration.cli.test_applying import revisions

MORE = (
    definitions.RELEASE.replace("1.0.0", "0.9.0")
    + "---\n"
    + definitions.RELEASE.replace("1.0.0", "1.1.0").replace("  interfaces", "  state: draft\n  interfaces")
)
OTHER = definitions.OFFERING.replace("offerings/permits", "offerings/other").replace("building}", "water}")
AGREEMENT = """apiVersion: gemensam/v1
kind: Agreement
metadata: {name: agreements/x}
spec: {offering: offerings/permits, party: organisations/a}
"""


@pytest.fixture
def files(registry: Server, tmp_path: Path) -> Path:
    """Definition files that are applied, and then lose two releases, an offering, an agreement."""
    folder = definitions.folder(tmp_path / "defs")
    (folder / "gone.yaml").write_text(f"{MORE}---\n{OTHER}---\n{AGREEMENT}")
    assert registry("apply", folder).out.endswith("10 created.\n")
    (folder / "gone.yaml").unlink()
    return folder


def steps(registry: Server, *args: str | Path) -> dict[str, tuple[str, str]]:
    """What is told of each resource."""
    done = registry("prune", *args, "--json")
    return {each["name"]: (each["step"], each["outcome"]) for each in done.lines()}


def test_what_no_file_names_is_shown_then_taken_out_and_then_nothing_is_left(registry: Server, files: Path) -> None:
    before = revisions(registry)
    scope = ("--provider", "organisations/a")
    shown = registry("prune", files, *scope)
    assert (shown.code, revisions(registry)) == (2, before)
    assert shown.out.endswith("3 to be taken out: add --yes.\n")
    assert steps(registry, files, *scope) == {
        "offerings/permits/releases/1.1.0": ("retire", "would"),
        "offerings/permits/releases/0.9.0": ("deprecate", "would"),
        "offerings/other": ("withdraw", "would"),
    }
    done = registry("prune", files, *scope, "--yes")
    assert (done.code, revisions(registry)) == (0, before + 3), done.err
    assert done.out.endswith("3 taken out.\n")
    assert steps(registry, files, *scope) == {"offerings/permits/releases/0.9.0": ("wait", "wait")}
    assert registry("prune", files, *scope, "--yes").code == 0
    [other] = registry("get", "offerings/other", "--json").lines()
    assert other["state"] == "OFFERING_STATE_WITHDRAWN"
    [old] = registry("get", "offerings/permits/releases/0.9.0", "--json").lines()
    assert (old["state"], "sunset_time" in old) == ("RELEASE_STATE_DEPRECATED", True)


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        (("--selector", "area=water"), {"offerings/other"}),
        (("--selector", "area=building"), {"offerings/permits/releases/0.9.0", "offerings/permits/releases/1.1.0"}),
        (("--selector", "area=water,tier=1"), set()),
        (("--provider", "a", "--selector", "area=water"), {"offerings/other"}),
        (("--provider", "a", "--kinds", "agreements"), {"agreements/x"}),
        (("--provider", "a", "--kinds", "offering,interest"), {"offerings/other"}),
    ],
)
def test_the_scope_says_what_may_go(registry: Server, files: Path, scope: tuple[str, ...], found: set[str]) -> None:
    done = registry("prune", files, *scope, "--json")
    assert {each["name"] for each in done.lines()} == found
    assert done.code == (2 if found else 0)


def test_what_others_provide_is_left_alone(registry: Server, files: Path) -> None:
    neighbour = definitions.BODY.replace("organisations/a", "organisations/b")
    theirs = OTHER.replace("offerings/other", "offerings/theirs").replace("organisations/a", "organisations/b")
    release = definitions.RELEASE.replace("offerings/permits", "offerings/theirs").split("    spec:")[0]
    assert registry("apply", "-", stdin=f"{neighbour}---\n{theirs}---\n{release}").code == 0
    assert set(steps(registry, files, "--provider", "b")) == {"offerings/theirs"}
    assert not any("theirs" in name for name in steps(registry, files, "--provider", "a"))
    interest = definitions.INTEREST.replace("organisations/a", "organisations/b")
    assert registry("apply", "-", stdin=interest).code == 0
    assert steps(registry, files, "--provider", "a", "--kinds", "interest") == {}
    assert set(steps(registry, files, "--provider", "b", "--kinds", "interest")) == {
        "organisations/b/interests/building"
    }


def test_every_kind_has_its_lawful_end(registry: Server, files: Path) -> None:
    (files / "c-rest.yaml").write_text(definitions.BODY)
    kinds = ("--kinds", "agreement,interest,capability,release,offering")
    (files / "b-offering.yml").write_text(definitions.OFFERING.replace("[capabilities/building]", "[]"))
    assert registry("apply", files).code == 0
    assert steps(registry, files, "--provider", "a", *kinds, "--yes") == {
        "organisations/a/interests/building": ("delete", "done"),
        "agreements/x": ("end", "done"),
        "offerings/permits/releases/1.1.0": ("retire", "done"),
        "offerings/permits/releases/0.9.0": ("deprecate", "done"),
        "offerings/other": ("withdraw", "done"),
    }
    label = "apiVersion: gemensam/v1\nkind: Capability\nmetadata: {name: capabilities/CHILD, labels: {old: 'yes'}}\nspec: {title: {sv: T}PARENT}\n"
    top, low = (
        label.replace("CHILD", "top").replace("PARENT", ""),
        label.replace("CHILD", "low").replace("PARENT", ", parent: capabilities/top"),
    )
    assert registry("apply", "-", stdin=f"{top}---\n{low}").code == 0
    taken = registry("prune", files, "--selector", "old=yes", "--kinds", "capability", "--yes", "--json")
    assert [(each["name"], each["outcome"]) for each in taken.lines()] == [
        ("capabilities/low", "done"),
        ("capabilities/top", "done"),
    ]


def test_what_has_subscribers_is_kept_until_it_is_said(registry: Server, files: Path) -> None:
    assert registry("join", "offerings/other", "--class", "kind = MUNICIPALITY", "--yes").code in {0, 1}
    kept = registry("prune", files, "--provider", "a", "--yes")
    assert kept.code == 2
    assert "1 live subscription; no new" in kept.out
    assert kept.out.endswith("2 taken out, 1 kept for their subscribers: add --subscribed.\n")
    [other] = registry("get", "offerings/other", "--json").lines()
    assert other["state"] == "OFFERING_STATE_ACTIVE"
    assert registry("prune", files, "--provider", "a", "--yes", "--subscribed").code == 0
    [other] = registry("get", "offerings/other", "--json").lines()
    assert other["state"] == "OFFERING_STATE_WITHDRAWN"


def test_what_is_refused_is_told_and_the_rest_goes_on(registry: Server, files: Path) -> None:
    (files / "c-rest.yaml").write_text(definitions.BODY)
    label = "apiVersion: gemensam/v1\nkind: Capability\nmetadata: {name: capabilities/NAME, labels: LABELS}\nspec: {title: {sv: T}PARENT}\n"
    top = label.replace("NAME", "top").replace("LABELS", "{old: x}").replace("PARENT", "")
    low = label.replace("NAME", "low").replace("LABELS", "{}").replace("PARENT", ", parent: capabilities/top")
    lone = label.replace("NAME", "a-lone").replace("LABELS", "{old: x}").replace("PARENT", "")
    assert registry("apply", "-", stdin=f"{top}---\n{low}---\n{lone}").code == 0
    done = registry("prune", files, "--selector", "old=x", "--kinds", "capability", "--yes", "--json")
    assert done.code == 1
    assert {each["name"]: each.get("reason", each["outcome"]) for each in done.lines()} == {
        "capabilities/top": "STATE_TRANSITION_ILLEGAL",
        "capabilities/a-lone": "done",
    }


def test_an_organisation_that_is_none_is_an_error(registry: Server, files: Path) -> None:
    done = registry("prune", files, "--provider", "nobody")
    assert (done.code, "RESOURCE_NOT_FOUND" in done.err) == (1, True)
