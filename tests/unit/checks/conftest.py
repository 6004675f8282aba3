"""A small project of its own, to be doctored."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checks.problem import ROOT

Write = Callable[[str, str], None]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty clone that knows nothing of the machine's git."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(variable, raising=False)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "test")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "test@test.example")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


@pytest.fixture
def write(project: Path) -> Write:
    """Writes a file of the project."""

    def put(name: str, text: str) -> None:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return put


@pytest.fixture
def contract(project: Path) -> Path:
    """The project with our protos, committed."""
    shutil.copytree(ROOT / "protos", project / "protos")
    subprocess.run(["git", "add", "protos"], cwd=project, check=True)
    subprocess.run(["git", "commit", "--quiet", "--message", "Contract"], cwd=project, check=True)
    return project / "protos" / "registry" / "api" / "v1"
