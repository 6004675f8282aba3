"""The demo as a newcomer runs it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.components.kafka import Kafka
from tests.components.processes import alive

PROGRAM = Path(sys.executable).with_name("gemensam")


def test_the_demo_ends_well_by_itself(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(PROGRAM), "demo", "--once", "--keep", str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "0 failed" in done.stdout
    assert "all answered 404" in done.stdout
    assert not alive(tmp_path)


def test_the_demo_ends_well_over_postgresql_and_kafka(
    broker: Kafka,  # noqa: ARG001 - says what to install where there is none
    tmp_path: Path,
) -> None:
    folder = tmp_path / "demo"
    done = subprocess.run(
        [str(PROGRAM), "demo", "--kafka", "--once", "--keep", str(folder)],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "0 failed" in done.stdout
    assert "all answered 404" in done.stdout
    assert re.search(r"announced up to revision (\d+) of \1; 0 wait", done.stdout)
    sources = [json.loads(file.read_text())["source"] for file in folder.glob("*/subscriber.yaml")]
    assert sources == ["kafka"] * 3
    assert not alive(tmp_path)


def test_the_demo_leaves_no_process_behind_when_it_is_interrupted(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [str(PROGRAM), "demo", "--keep", str(tmp_path / "demo")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "leave standing orders" in line:
            break
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    os.kill(process.pid, signal.SIGINT)
    process.stdout.read()
    process.stdout.close()
    assert process.wait(60) == 130
    assert not psutil.wait_procs(children, timeout=20)[1]
    assert not alive(tmp_path)
