"""The Dockerfile as text, and what it cuts out of the lock: nobody could build it where this was written."""

import importlib.util
import json
import re
import shlex
from types import ModuleType

import pytest

from tests.checks import supply
from tests.checks.commands import programs, wrong
from tests.checks.problem import ROOT

FILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
LAST = FILE.rpartition("\nFROM ")[2]


def locked() -> ModuleType:
    """The script that the build runs."""
    spec = importlib.util.spec_from_file_location("locked", ROOT / "deploy" / "locked.py")
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_the_image_runs_as_nobody_in_particular_and_starts_what_exists() -> None:
    user = re.search(r"^USER (\d+):(\d+)$", LAST, re.MULTILINE)
    assert user
    assert user[1] == user[2] != "0"
    assert f"--uid {user[1]} " in LAST
    command = re.search(r"^CMD (\[.*\])$", LAST, re.MULTILINE)
    assert command
    program, *words = json.loads(command[1])
    assert list(wrong(programs()[program], program, words)) == []
    assert "PYTHONDONTWRITEBYTECODE=1" in LAST


def test_everything_of_others_is_installed_by_its_hash() -> None:
    installs = [shlex.split(each) for each in re.findall(r"/opt/gemensam/bin/pip install ([^\n]*?)(?: \\)?\n", FILE)]
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert installs[1][-1] == "/wheels/gemensam-*.whl"
    assert all("--no-deps" in each for each in installs)
    assert "pip" not in LAST


def test_what_is_cut_out_of_the_lock_has_all_its_hashes() -> None:
    lock = supply.LOCK.read_text(encoding="utf-8")
    names = ("SQLAlchemy", "typing_extensions", "gemensam", "psycopg", "psycopg-binary", "Deprecated")
    report = json.dumps({"install": [{"metadata": {"name": name}} for name in names]})
    part = locked().cut(report, lock)
    assert len(supply.blocks(part)) == len(names), "`deprecated` twice, for other Pythons another"
    assert set(supply.pins(part)) == {"sqlalchemy", "typing-extensions", "psycopg", "psycopg-binary", "deprecated"}
    assert list(supply.loose(part)) == []
    assert all(block in supply.blocks(lock) for block in supply.blocks(part))
    with pytest.raises(KeyError):
        locked().cut(json.dumps({"install": [{"metadata": {"name": "unknown"}}]}), lock)
