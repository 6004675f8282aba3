"""Registries for commands to talk to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli import definitions
from tests.integration.cli.program import Server, Watcher, gemensam

Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts registries, each with a folder, and ends them."""
    started: list[Server] = []

    def serve(name: str = "data", *options: str, **named: Any) -> Server:
        started.append(Server(tmp_path / name, *options, **named))
        return started[-1]

    yield serve
    for server in started:
        server.stop()


@pytest.fixture
def registry(start: Start) -> Server:
    """An empty registry."""
    return start()


@pytest.fixture
def watchers() -> Iterator[list[Watcher]]:
    """Watches that end with the test."""
    started: list[Watcher] = []
    yield started
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        if not each.process.stdout.closed:  # type: ignore[union-attr]
            each.process.communicate()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A registry with six resources, for tests that change nothing."""
    folder = tmp_path_factory.mktemp("filled")
    server = Server(folder / "data")
    assert server("apply", definitions.folder(folder / "defs")).code == 0
    yield server
    server.stop()


@pytest.fixture
def kept(filled: Server, tmp_path: Path) -> Path:
    """A folder with a copy of its store, for tests that damage it."""
    (tmp_path / "kept").mkdir()
    assert gemensam("backup", tmp_path / "kept" / "gemensam.db", "--data", filled.data).code == 0
    return tmp_path / "kept"


@pytest.fixture(scope="module")
def public_sector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A registry with the real organisations, for tests that only read."""
    server = Server(tmp_path_factory.mktemp("public") / "data")
    assert server("import", "organisations").code == 0
    yield server
    server.stop()
