"""The pipelines of docs/ci do what they say: their own lines are run, against a real registry."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checks.problem import ROOT
from tests.integration.cli import definitions
from tests.integration.cli.program import PROGRAM, Server, environment
from tests.integration.cli.test_applying import revisions

OVERLAY = (
    "apiVersion: gemensam/v1\nkind: Offering\nmetadata: {name: offerings/permits}\nspec: {terms: {notice_days: 7}}\n"
)
UNUSED = ("GEMENSAM_CA", "GEMENSAM_API_KEY")  # for a registry that is reached by TLS
Steps = list[tuple[str, list[int]]]  # what is run, and the codes that do not fail it
Run = Callable[[str], int]


def pipeline(name: str) -> dict[str, Any]:
    """A file of docs/ci."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "ci" / name).read_text(encoding="utf-8"))
    return found


def github() -> dict[str, Steps]:
    """Steps by what starts them: a proposal or a merge."""
    jobs = pipeline("github.yml")["jobs"]
    runs = {name: [(step["run"], [0]) for step in job["steps"] if "run" in step] for name, job in jobs.items()}
    return {"proposal": runs["check"], "merge": runs["apply"]}


def gitlab() -> dict[str, Steps]:
    """The same of the other."""
    found: dict[str, Steps] = {"proposal": [], "merge": []}
    for job in pipeline("gitlab.yml").values():
        if "script" in job:
            allowed = job.get("allow_failure", {}).get("exit_codes", [])
            when = "proposal" if "merge_request" in job["rules"][0]["if"] else "merge"
            found[when].append(("\n".join(job["script"]), [0, *allowed]))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clone as the pipelines expect it."""
    definitions.folder(tmp_path / "clone" / "definitions")
    (tmp_path / "clone" / "overlays" / "production").mkdir(parents=True)
    (tmp_path / "clone" / "overlays" / "production" / "permits.yaml").write_text(OVERLAY)
    return tmp_path / "clone"


@pytest.fixture(params=[github, gitlab])
def run(request: pytest.FixtureRequest, folder: Path, registry: Server) -> Run:
    """Runs the steps of a proposal or a merge as the pipeline does; how many passed before one failed, or -1 for all."""
    steps: dict[str, Steps] = request.param()
    variables = {
        "PATH": f"{PROGRAM.parent}:/usr/bin:/bin",
        "GEMENSAM_GRPC_ADDRESS": registry.grpc,
        "PROVIDER": "organisations/a",
        **dict.fromkeys(UNUSED, ""),  # as the service passes on a variable that nobody set
        "GITHUB_STEP_SUMMARY": str(folder.parent / "summary.md"),
    }

    def go(when: str) -> int:
        for number, (script, right) in enumerate(steps[when]):
            command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
            done = subprocess.run(command, cwd=folder, env=environment(**variables), capture_output=True, check=False)
            if done.returncode not in right:
                return number
        return -1

    assert len(steps["proposal"]) == len(steps["merge"]) == 2
    return go


def test_a_change_is_compared_merged_and_then_there_is_none(run: Run, registry: Server, folder: Path) -> None:
    assert (run("proposal"), revisions(registry)) == (-1, 0)
    assert run("merge") == -1
    [permits] = registry("get", "offerings/permits", "--json").lines()
    assert permits["terms"]["notice_days"] == 7
    before = revisions(registry)
    assert (run("proposal"), run("merge"), revisions(registry)) == (-1, -1, before)
    (folder / "definitions" / "b-offering.yml").write_text(
        definitions.OFFERING.replace("offerings/permits", "offerings/next")
    )
    (folder / "definitions" / "a-release.yaml").unlink()
    (folder / "overlays" / "production" / "permits.yaml").write_text(OVERLAY.replace("permits", "next"))
    assert (run("proposal"), run("merge")) == (-1, -1)  # what would be pruned is shown, and nothing is
    [permits] = registry("get", "offerings/permits", "--json").lines()
    assert permits["state"] == "OFFERING_STATE_ACTIVE"


@pytest.mark.parametrize(
    ("file", "old", "new", "failed"),
    [
        ("definitions/b-offering.yml", "title", "tilte", 0),
        ("overlays/production/permits.yaml", "notice_days: 7", "notice_days: -7", 0),
        ("overlays/production/permits.yaml", "offerings/permits", "offerings/permit", 0),
        ("definitions/b-offering.yml", "provider: organisations/a", "provider: organisations/none", 1),
    ],
)
def test_a_fault_fails_the_proposal(
    run: Run, registry: Server, folder: Path, file: str, old: str, new: str, failed: int
) -> None:
    (folder / file).write_text((folder / file).read_text().replace(old, new))
    assert (run("proposal"), revisions(registry)) == (failed, 0)


def test_the_summary_of_a_proposal_has_the_differences(registry: Server, folder: Path, run: Run) -> None:
    assert run("proposal") == -1
    summary = folder.parent / "summary.md"
    assert not summary.exists() or "+ terms.notice_days = 7" in summary.read_text()
    assert revisions(registry) == 0


def test_what_is_run_needs_nothing_that_only_the_service_fills_in() -> None:
    assert set(pipeline("github.yml")["env"]) == {*UNUSED, "GEMENSAM_GRPC_ADDRESS", "PROVIDER"}
    for steps in (*github().values(), *gitlab().values()):
        for script, _ in steps:
            assert "${{" not in script
            assert set(re.findall(r"\$([A-Z_]+)", script)) <= {"PROVIDER", "GITHUB_STEP_SUMMARY"}
