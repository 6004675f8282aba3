"""A registry with little in it, and a page to follow."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.cli import definitions
from tests.integration.cli.program import Server
from tests.integration.runbooks.book import Book
from tests.integration.runbooks.shell import Shell, Unit

Open = Callable[..., Book]


class Machine:
    """The registry's machine: its folder, its service, a disk for backups."""

    def __init__(self, folder: Path, data: Path, **settings: str) -> None:
        self.data, self._settings = data, settings
        self.backups = folder / "backups"
        self.backups.mkdir()
        self.definitions = definitions.folder(folder / "definitions")
        self._ports = "127.0.0.1:0", "127.0.0.1:0"
        self._server: Server | None = None
        self.unit("start")

    def unit(self, action: str) -> int:
        """What `systemctl ACTION gemensam` does; addresses stay."""
        if self._server:
            self._server.stop()
            self._server = None
        if action in {"start", "restart"}:
            grpc, web = self._ports
            self._server = Server(self.data, "--web-address", web, grpc=grpc, **self._settings)
            self._ports = self._server.grpc, self._server.web
        return 0

    def configure(self, **settings: str) -> None:
        """Serve with other settings from now on."""
        self._settings |= settings
        self.unit("restart")

    def book(self, name: str, units: dict[str, Unit] | None = None, **variables: str) -> Book:
        """A page, in a shell that has the service's settings."""
        known = {
            "GEMENSAM_DATA": str(self.data), "GEMENSAM_GRPC_ADDRESS": self._ports[0], "WEB": f"http://{self._ports[1]}",
            "BACKUPS": str(self.backups), "DEFINITIONS": str(self.definitions), **self._settings, **variables,
        }  # fmt: skip
        return Book(name, Shell({"gemensam": self.unit, **(units or {})}), known)

    @property
    def server(self) -> Server:
        """The service's process."""
        assert self._server is not None
        return self._server


Boot = Callable[..., Machine]


@pytest.fixture
def boot(tmp_path: Path) -> Iterator[Boot]:
    """Starts a machine, and ends its service with the test."""
    started: list[Machine] = []

    def begin(data: Path | None = None, **settings: str) -> Machine:
        started.append(Machine(tmp_path, data or tmp_path / "data", **settings))
        return started[-1]

    yield begin
    for each in started:
        each.unit("stop")
