"""Fault 29: SIGKILL while an adapter writes its files. A gateway that starts then finds the old ones or the new ones."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from subscribers.adapter import Service, Upstream
from subscribers.conformance import service
from subscribers.crash import Crashes
from subscribers.settings import make_adapter
from tests.components import gateways
from tests.components.ports import free_port

KILLS, MOST_KILLS, SERVICES = 25, 250, 60
WAIT_SECONDS = 30


def state(release: str, port: int) -> list[Service]:
    """The services at a release, each of which leads to the port."""
    upstream = Upstream("http", "127.0.0.1", port, "/v1", ("127.0.0.1",))
    return [service(number, upstream, release) for number in range(SERVICES)]


OLD, NEW = state("1.0.0", 8001), state("2.0.0", 8002)


def single_files(folder: Path) -> list[str]:
    """Each on its own is whole."""
    return [path.read_text() for path in sorted(folder.glob("*.gemensam.json"))]


def resources(folder: Path) -> list[str]:
    """What Envoy would load of each file. Clusters of old and new stand beside each other while routes move over."""
    found = [json.loads((folder / name).read_text())["resources"] for name in ("clusters.json", "routes.json")]
    clusters = {json.dumps(each) for each in found[0]}
    return [*sorted(clusters), json.dumps(found[1])]


def generation(folder: Path) -> list[str]:
    """All files together: they belong to each other."""
    return ["\0".join(path.read_text() for path in sorted((folder / "current").iterdir()))]


@contextmanager
def options(kind: str, folder: Path) -> Iterator[dict[str, Any]]:
    """An adapter that writes into the folder. Envoy must run, or its old clusters stay; others may be away."""
    away = {"gateway": f"http://127.0.0.1:{free_port()}", "command": ["true"]}
    more: Mapping[str, dict[str, Any]] = {
        "files": {},
        "nginx": away,
        "haproxy": {**away, "socket": f"{folder}.sock", "master": f"{folder}.sock"},
    }
    if kind == "envoy":
        with gateways.gateway(kind, folder.parent) as running:
            yield {"kind": kind, **running.options()}
    else:
        yield {"kind": kind, "directory": str(folder), **more[kind]}


def written(crashes: Crashes, made: dict[str, Any], services: Sequence[Service]) -> float:
    """Have all of it written, and tell how long that takes."""
    with closing(make_adapter(made)) as adapter:
        wanted = {each.key: adapter.render(each) for each in services}
        crashes.begin(made, services)
        start = time.monotonic()
        while dict(adapter.observe()) != wanted:
            assert time.monotonic() - start < WAIT_SECONDS, "not everything was written"
            time.sleep(0.01)
        passed = time.monotonic() - start
        crashes.kill()
        return passed


@pytest.mark.parametrize(
    ("kind", "read"), [("files", single_files), ("envoy", resources), ("nginx", generation), ("haproxy", generation)]
)
def test_a_killed_writer_leaves_the_old_or_the_new(
    tmp_path: Path, kind: str, read: Callable[[Path], list[str]]
) -> None:
    folder, dice = tmp_path / kind, random.Random(29)  # noqa: S311 - the same moments each time

    with options(kind, folder) as made, Crashes() as crashes:
        written(crashes, made, OLD)
        old = read(folder)
        whole = written(crashes, made, NEW)
        new = read(folder)
        known, ends = {*old, *new}, [new]
        for kill in range(MOST_KILLS):
            if kill >= KILLS and old in ends and new in ends[1:]:
                break
            crashes.begin(made, OLD if ends[-1] == new else NEW)
            # A busy machine writes slower than it did at first: later kills come later, until some writes are whole.
            time.sleep(whole * dice.random() * (1 + kill / KILLS))
            crashes.kill()
            found = read(folder)
            assert set(found) <= known, "a file is neither the old nor the new one"
            assert len(found) >= len(old)
            ends.append(found)
        assert old in ends
        assert new in ends[1:]
        left = [path for path in folder.glob("**/*") if path.is_file() and "partial" in path.name]
        assert len(left) <= 2, "what a killed writer leaves is swept by the next"
