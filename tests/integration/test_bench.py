"""The bench runs, and what it writes can be read by others. How fast anything was is no matter of a test."""

import json
import subprocess
import sys
from pathlib import Path


def test_a_row_is_measured_and_written(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--no-postgres", "--only", "get", "--json", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(path.read_text())
    assert (found["quick"], found["could_not_run"]) == (True, [])
    (row,) = found["rows"]
    assert (row["name"], row["engine"]) == ("get-hot", "sqlite")
    assert row["sample"]["reply_bytes"] > 500
    assert min(row["sample"][key] for key in ("requests_per_second", "p50_ms", "p99_ms", "cpu_us")) > 0
    assert min(row["floor_cpu_us"], row["ratio"]) > 0
    assert row["figure"]["goal"] == 1.5
    assert row["figure"]["met"] == (row["figure"]["value"] <= row["figure"]["goal"])
    assert "GetOffering, hot" in run.stdout


def test_rows_that_do_not_exist_are_refused_by_name() -> None:
    command = [sys.executable, "-m", "tests.bench", "--only", "nothing"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert "nothing" in run.stderr
    assert "get, list" in run.stderr


def test_commands_of_architects_are_measured_by_size(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--no-postgres", "--only", "apply", "--json", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    found = {row["name"]: row for row in json.loads(path.read_text())["rows"]}
    assert len(found) == 3 * 2 * 2
    assert found["diff-same-600"]["sample"]["requests_per_second"] > 0
    assert "MiB at the peak" in found["apply-300-memory"]["note"]
    assert [name for name, row in found.items() if row["figure"] is None] == [
        f"{each}-300{rest}" for each in ("diff-new", "apply", "diff-same") for rest in ("", "-memory")
    ]
