"""A real Prometheus with a configuration of the operator's, which follows the adapter's file or the place it is served."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx

from tests.components.debian import program
from tests.components.ports import free_port
from tests.components.program import Program

THEIRS = "theirs.example:9100"


def promtool() -> list[str]:
    """The words that start Prometheus' own tool."""
    first = program("prometheus")
    return [*first[:-1], str(Path(first[-1]).with_name("promtool"))]


class Prometheus:
    """Prometheus with a folder of its own. `served`: it asks by HTTP and reads no file."""

    def __init__(self, folder: Path, gateway: str, *, served: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.directory, self.config = folder / "targets", folder / "prometheus.yml"
        self.directory.mkdir()
        self.file, self.gateway = self.directory / "gemensam.json", gateway
        self.listen = f"127.0.0.1:{free_port()}" if served else ""
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        found: dict[str, Any] = {"file_sd_configs": [{"files": [str(self.file)]}]}
        if served:
            found = {"http_sd_configs": [{"url": f"http://{self.listen}/", "refresh_interval": "1s"}]}
        theirs = {"job_name": "theirs", "static_configs": [{"targets": [THEIRS]}]}
        self.config.write_text(json.dumps({"scrape_configs": [{"job_name": "gemensam", **found}, theirs]}))
        flags = {"config.file": self.config, "storage.tsdb.path": folder / "data", "web.listen-address": self.address}
        words = [*program("prometheus"), *(f"--{name}={value}" for name, value in flags.items())]
        self._program = Program(words, folder / "log", f"{self.url}/-/ready")
        self.start()

    def options(self) -> dict[str, str]:
        """What the adapter is made with."""
        return {"directory": str(self.directory), "url": self.url, "gateway": self.gateway, "listen": self.listen}

    def start(self) -> None:
        """Start it and wait until it is ready: until it has read its data it answers with 503."""
        self._program.start(lambda: httpx.get(f"{self.url}/-/ready", trust_env=False).status_code == 200)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it."""
        self._program.stop(number)

    def targets(self) -> list[dict[str, str]]:
        """Labels of every active target, as discovered."""
        found = httpx.get(f"{self.url}/api/v1/targets", params={"state": "active"}, trust_env=False).json()
        return [each["discoveredLabels"] for each in found["data"]["activeTargets"]]

    def takes_its_files(self) -> bool:
        """Whether Prometheus' own tool finds its configuration and its files of targets right."""
        words = [*promtool(), "check", "config", str(self.config)]
        return subprocess.run(words, capture_output=True, check=False, timeout=60).returncode == 0
