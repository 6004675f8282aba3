"""A real Caddy with a server of the operator's, changed over its admin address."""

import json
import signal
from pathlib import Path
from typing import Any

import httpx

from subscribers.adapters import caddy_config
from subscribers.adapters.caddy import CaddyAdapter
from tests.components.debian import program
from tests.components.ports import free_port
from tests.components.program import Program

SERVER = "gateway"


class Gateway:
    """Caddy with a folder of its own."""

    kind = "caddy"

    def __init__(self, folder: Path) -> None:
        self.port, admin = free_port(), free_port()
        self.url, self.grpc, self.admin = (
            f"http://127.0.0.1:{self.port}",
            f"127.0.0.1:{self.port}",
            f"127.0.0.1:{admin}",
        )
        config = folder / "caddy.json"
        content = caddy_config.example(("127.0.0.1", self.port), ("127.0.0.1", admin), SERVER)
        config.write_text(json.dumps(content))
        own = {"XDG_DATA_HOME": str(folder / "data"), "XDG_CONFIG_HOME": str(folder / "config"), "HOME": str(folder)}
        words = [*program("caddy"), "run", "--config", str(config)]
        self._program = Program(words, folder / "log", self.url, own)
        self.start()

    def options(self) -> dict[str, Any]:
        """What the adapter is made with."""
        return {"gateway": self.url, "admin": self.admin, "server": SERVER}

    def adapter(self, **options: Any) -> CaddyAdapter:
        """A new adapter for it."""
        return CaddyAdapter(**{**self.options(), **options})

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._program.start()

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it with all of its processes."""
        self._program.stop(number)

    def configuration(self) -> Any:
        """What Caddy holds now."""
        return httpx.get(f"http://{self.admin}/config/", trust_env=False).json()
