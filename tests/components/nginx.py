"""A real nginx whose own nginx.conf includes the adapter's files."""

import signal
from pathlib import Path
from typing import Any

from subscribers.adapters import nginx_config
from subscribers.adapters.nginx import NginxAdapter
from tests.components.debian import program
from tests.components.ports import free_port
from tests.components.program import Program


class Gateway:
    """nginx with a folder of its own."""

    kind = "nginx"

    def __init__(self, folder: Path) -> None:
        self.directory, self.config = folder / "nginx", folder / "nginx.conf"
        self.port, grpc = free_port(), free_port()
        self.url, self.grpc = f"http://127.0.0.1:{self.port}", f"127.0.0.1:{grpc}"
        self.command = [*program("nginx"), "-c", str(self.config), "-e", str(folder / "error.log")]
        self.adapter().prepare()
        text = nginx_config.example(str(self.directory), ("127.0.0.1", self.port), ("127.0.0.1", grpc), str(folder))
        self.config.write_text(f"daemon off;\nworker_processes 2;\n{text}")
        self._program = Program(self.command, folder / "log", self.url)
        self.start()

    def options(self) -> dict[str, Any]:
        """What the adapter is made with."""
        return {"directory": str(self.directory), "gateway": self.url, "command": self.command}

    def adapter(self, **options: Any) -> NginxAdapter:
        """A new adapter for it."""
        return NginxAdapter(**{**self.options(), **options})

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._program.start()

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it with all of its processes."""
        self._program.stop(number)
