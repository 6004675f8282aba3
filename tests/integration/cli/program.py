"""The real program as users start it, but that it is forked where its imports are done; `PROGRAM` is the whole."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.components.forked import Child, run

PROGRAM = Path(sys.executable).with_name("gemensam")
TIMEOUT = 120


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def lines(self) -> list[Any]:
        """Results as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    def error(self) -> dict[str, Any]:
        """The error as JSON."""
        found: dict[str, Any] = json.loads(self.err)["error"]
        return found


def environment(**more: str) -> dict[str, str]:
    """The environment without settings of the machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GEMENSAM_", "_GEMENSAM"))}
    return kept | {"COLUMNS": "200"} | more


def gemensam(*args: str | Path, stdin: str = "", **env: str) -> Done:
    """Run a command to its end."""
    done = run("gemensam", args, environment(**env), stdin, TIMEOUT)
    return Done(done.returncode, done.stdout, done.stderr)


def whole(*args: str | Path) -> Done:
    """The same of the program as users start it, for what its start decides."""
    done = subprocess.run(
        [PROGRAM, *args], env=environment(), capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


class Server:
    """A registry that serves from a folder, on free ports unless told otherwise."""

    def __init__(self, data: Path, *options: str, grpc: str = "127.0.0.1:0", **env: str) -> None:
        command = ["serve", "--data", data, "--grpc-address", grpc, "--web-address", "127.0.0.1:0", *options]
        self.data, self._log = data, data.with_name(f"{data.name}.log")
        with self._log.open("a") as log:
            self.process = Child("gemensam", command, env=environment(**env), err=log)
        self.first_line = self._stdout().readline()
        words = dict(word.split("=", 1) for word in self.first_line.split()[1:])
        self.grpc, self.web = words.get("grpc", ""), words.get("web", "")

    def __call__(self, *args: str | Path, stdin: str = "", **env: str) -> Done:
        """Run a command against it."""
        return gemensam(*args, stdin=stdin, GEMENSAM_GRPC_ADDRESS=self.grpc, GEMENSAM_DATA=str(self.data), **env)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it; returns its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(TIMEOUT)
        self._stdout().close()
        return code

    @property
    def log(self) -> str:
        """What it wrote to stderr."""
        return self._log.read_text()

    def _stdout(self) -> Any:
        return self.process.stdout


class Watcher:
    """A command that goes on, with JSON lines."""

    def __init__(self, address: str, *options: str) -> None:
        self.process = Child("gemensam", [*options, "--json", "--address", address], env=environment())

    def next(self) -> Any:
        """The next result."""
        return json.loads(self.process.stdout.readline())  # type: ignore[union-attr]

    def said(self) -> str:
        """The next line beside the results."""
        return self.process.stderr.readline()  # type: ignore[union-attr, no-any-return]

    def stop(self) -> int:
        """End it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(30)
        return self.process.wait(0)
