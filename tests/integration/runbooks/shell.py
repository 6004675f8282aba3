"""Where runbooks are followed: our command as tests of it start it, everything else in bash, services as processes."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.integration.cli.program import Done, environment, gemensam

SECONDS = 60
PROGRAMS = Path(sys.executable).parent
Unit = Callable[[str], int]  # takes `start`, `stop` or `status`; returns what systemctl would


class Shell:
    """`units` stand for systemd, which no test machine has: a service's process by the name of its unit."""

    def __init__(self, units: dict[str, Unit] | None = None) -> None:
        self._units = units or {}

    def __call__(self, command: str, variables: dict[str, str]) -> Done:
        """Run a command to its end."""
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            variables[name] = _bash(f"printf %s {value}", variables).out
            return Done(0, "", "")
        if command.startswith("systemctl "):
            _, action, unit = command.split()
            return Done(self._units[unit](action), "", "")
        if command.startswith("gemensam "):
            return _ours(command, variables)
        return _bash(command, variables)


def _ours(command: str, variables: dict[str, str]) -> Done:
    """`gemensam` without a shell: variables and one `> FILE` are all that pages use."""
    words = [_expanded(word, variables) for word in shlex.split(command)[1:]]
    out = Path(words[-1]) if len(words) > 1 and words[-2] == ">" else None
    done = gemensam(*(words[:-2] if out else words), **variables)
    if out:
        out.write_text(done.out, encoding="utf-8")
    return done


def _expanded(word: str, variables: dict[str, str]) -> str:
    return re.sub(r"\$([A-Z_]+)", lambda found: variables[found[1]], word)


def _bash(command: str, variables: dict[str, str]) -> Done:
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", command], env=environment(**variables) | {"PATH": path}, cwd=variables.get("HERE", "/"),
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)
