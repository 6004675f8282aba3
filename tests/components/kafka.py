"""A real Apache Kafka: brokers as processes, to be stopped, paused, killed and started again.

Where Java and Maven are missing, a test fails in CI and is skipped elsewhere, saying what to install.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from registry.demo import kafka
from registry.demo.processes import DemoFailed
from tests.components.ports import free_port

READY_SECONDS = 60


def _present() -> None:
    try:
        kafka.jars()
    except DemoFailed as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


class Broker:
    """One broker, which is a controller too."""

    def __init__(self, folder: Path, node: int) -> None:
        self.node, self.data = node, folder / f"broker-{node}" / "data"
        self._folder = self.data.parent
        self._folder.mkdir(parents=True)
        self._config = self._folder / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, settings: str) -> None:
        """Write its settings, which it reads when it starts."""
        self._config.write_text(settings)

    def format(self, cluster_id: str) -> None:
        """Make its storage."""
        tool = kafka.format_command(self._config, cluster_id)
        done = subprocess.run(tool, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]

    def format_like(self, other: "Broker") -> None:
        """Make its storage from another's, which takes no second Java."""
        shutil.copytree(other.data, self.data)
        about = self.data / "meta.properties"
        kept = [line for line in about.read_text().splitlines() if not line.startswith(("node.id", "directory.id"))]
        about.write_text("\n".join([*kept, f"node.id={self.node}", f"directory.id={kafka.identity()}", ""]))

    def start(self) -> None:
        """Start the process; it keeps its data."""
        with (self._folder / "log").open("ab") as log:
            command = kafka.start_command(self._config)
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder)

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP, SIGCONT, SIGTERM or SIGKILL; after the last two it has ended."""
        if self._process is None:
            return
        self._process.send_signal(number)
        if number in {signal.SIGKILL, signal.SIGTERM}:
            self._process.wait(60)
            self._process = None

    def log(self) -> str:
        """What it printed last."""
        return (self._folder / "log").read_text(errors="replace")[-3000:]

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None


class Kafka:
    """A cluster on loopback. `extra` are further lines of each broker's settings; `protocol` is what clients speak."""

    def __init__(self, folder: Path, brokers: int = 1, extra: str = "", protocol: str = "PLAINTEXT") -> None:
        _present()
        self._ports: Mapping[int, int] = {node: free_port() for node in range(brokers)}
        controllers = {node: free_port() for node in range(brokers)}
        self.brokers: Sequence[Broker] = [Broker(folder, node) for node in range(brokers)]
        for each in self.brokers:
            each.configure(kafka.settings(each.data, self._ports, controllers, each.node, protocol) + extra)
        self.brokers[0].format(kafka.identity())
        for each in self.brokers[1:]:
            each.format_like(self.brokers[0])
        self.start()

    @property
    def bootstrap(self) -> str:
        """Addresses for clients."""
        return ",".join(f"127.0.0.1:{port}" for port in self._ports.values())

    def start(self) -> None:
        """Start every broker and wait until all listen."""
        for broker in self.brokers:
            if not broker.alive():
                broker.start()
        self.wait()

    def wait(self) -> None:
        """Wait until every broker accepts connections."""
        end = time.monotonic() + READY_SECONDS
        for broker, port in zip(self.brokers, self._ports.values(), strict=True):
            while not kafka.listens(port):
                assert broker.alive(), broker.log()
                assert time.monotonic() < end, broker.log()
                time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End every broker."""
        for broker in self.brokers:
            if number is not signal.SIGKILL:
                broker.signal(signal.SIGCONT)
            broker.signal(number)
