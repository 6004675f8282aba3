"""A real HAProxy in master-worker mode, whose own configuration leads to the adapter's files."""

import shutil
import signal
import socket
import tempfile
from pathlib import Path
from typing import Any

from subscribers.adapters import haproxy_config
from subscribers.adapters.haproxy import HAProxyAdapter
from tests.components.debian import program
from tests.components.ports import free_port
from tests.components.program import Program


class Gateway:
    """HAProxy with a folder of its own; its sockets lie elsewhere, for their paths must be short."""

    kind = "haproxy"

    def __init__(self, folder: Path) -> None:
        self.directory, self.config = folder / "haproxy", folder / "haproxy.cfg"
        self._state = Path(tempfile.mkdtemp(prefix="gemensam-"))
        self.socket, self.master = (f"{self._state}/{name}.sock" for name in ("haproxy", "master"))
        self.port = free_port()
        self.url, self.grpc = f"http://127.0.0.1:{self.port}", f"127.0.0.1:{self.port}"
        backends = self.directory / "current" / haproxy_config.BACKENDS
        self.command = [*program("haproxy"), "-f", str(self.config), "-f", str(backends)]
        self.adapter().prepare()
        text = haproxy_config.example(str(self.directory), ("127.0.0.1", self.port), str(self._state))
        self.config.write_text(text.replace("global\n", "global\n    nbthread 1\n", 1))
        self._program = Program([*self.command, "-W", "-S", self.master], folder / "log", self.url)
        self.start()

    def options(self) -> dict[str, Any]:
        """What the adapter is made with."""
        places = {"directory": str(self.directory), "socket": self.socket, "master": self.master}
        return {**places, "gateway": self.url, "command": self.command}

    def adapter(self, **options: Any) -> HAProxyAdapter:
        """A new adapter for it."""
        return HAProxyAdapter(**{**self.options(), **options})

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._state.mkdir(exist_ok=True)
        self._program.start()

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it with all of its processes."""
        self._program.stop(number)
        shutil.rmtree(self._state, ignore_errors=True)

    def runtime(self, command: str) -> str:
        """What HAProxy answers on its stats socket."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.socket)
            connection.sendall(f"{command}\n".encode())
            with connection.makefile() as answer:
                return answer.read()
