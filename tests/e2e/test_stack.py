"""`make stack` as a developer runs it: ready, refused beside itself, ended without a trace, started again."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from registry.demo.processes import DemoFailed
from registry.demo.stack import chosen, claimed
from tests.components.kafka import Kafka
from tests.components.processes import alive
from tests.components.topics import everything

COMMAND = [sys.executable, "-m", "registry.demo.stack"]


@contextmanager
def started(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A stack that is ready, with what it said; ended by Ctrl-C."""
    command = [*COMMAND, "--folder", str(folder), "--free-ports"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said += line
            if line.rstrip().endswith(" watch"):
                break
        assert "ready. " in said, said
        yield process, said
    finally:
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        process.stdout.close()
        code = process.wait(120)
    assert code == 0
    assert len(children) >= 7, "PostgreSQL, Kafka, the registry, two subscribers, two gateways"
    assert not psutil.wait_procs(children, timeout=30)[1]
    assert not alive(folder)


def reached(said: str) -> list[str]:
    """What the example service answers through each gateway."""
    urls = re.findall(r"gateway of \S+ +(http://\S+)", said)
    return [httpx.get(url, timeout=10).raise_for_status().text for url in urls]


async def test_it_is_ready_refuses_a_second_one_ends_without_a_trace_and_goes_on(
    broker: Kafka,  # noqa: ARG001 - says what to install where there is none
    tmp_path: Path,
) -> None:
    folder = tmp_path / "stack"
    with started(folder) as (process, said):
        assert len(reached(said)) == 2
        with pytest.raises(DemoFailed, match=rf"runs in {folder} already, as process {process.pid}"), claimed(folder):
            pass
        with pytest.raises(DemoFailed, match=r"Something listens already at 127\.0\.0\.1, port "):
            chosen(folder, free=False)
        (kafka,) = re.findall(r"Kafka +(\S+:\d+)", said)
        first = {event.id for event in await everything(kafka)}
        assert len(first) > 600
    with started(folder) as (_, again):
        assert reached(again) == reached(said)
        assert {event.id for event in await everything(kafka)} >= first
