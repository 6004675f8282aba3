"""What HAProxy runs on, asked and changed over its stats socket, and the reload asked of its master."""

import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from subscribers.adapter import AdapterError

CALL_SECONDS, RELOADING_SECONDS, PAUSE_SECONDS = 5.0, 2.0, 0.02
# One command must fit into HAProxy's buffer of 16 KiB.
_PAYLOAD_CHARACTERS = 8000
_BACKEND, _ADDRESS, _ADMIN_STATE, _PORT = 1, 4, 6, 18  # columns of `show servers state`, version 1
Entries = Sequence[tuple[str, str]]


class HAProxySockets:
    """`runtime`: the stats socket, level admin. `master`: the master's own. Errors: AdapterError TARGET_UNAVAILABLE."""

    def __init__(self, runtime: str, master: str) -> None:
        self._runtime, self._master = runtime, master

    def entries(self, path: Path) -> list[tuple[str, str]]:
        """What a map holds, sorted."""
        lines = [line.split() for line in self._say(f"show map {path}").splitlines()]
        if any(not words[0].startswith("0x") for words in lines if words):
            raise AdapterError("TARGET_NOT_FOLLOWING", f"HAProxy uses no map {path}: its frontend must (`bootstrap`).")
        return sorted((words[1], " ".join(words[2:])) for words in lines if words)

    def servers(self) -> set[tuple[str, str, str]]:
        """Backend, address and port of every server in our backends that nobody has put into maintenance."""
        lines = [line.split() for line in self._say("show servers state").splitlines() if " gemensam." in line]
        return {(each[_BACKEND], each[_ADDRESS], each[_PORT]) for each in lines if each[_ADMIN_STATE] == "0"}

    def replace(self, path: Path, entries: Entries) -> None:
        """Make the map hold these, all at once."""
        version = self._say(f"prepare map {path}").rpartition(":")[2].strip()
        for part in _parts(entries):
            self._must(f"add map @{version} {path} <<\n{part}")
        self._must(f"commit map @{version} {path}")

    def reload(self) -> None:
        """Ask the master to start over with the files; it answers no more on this connection.

        While it still starts over for the reload before, it refuses connections for a moment.
        """
        end = time.monotonic() + RELOADING_SECONDS
        while True:
            try:
                with contextlib.suppress(ConnectionError):
                    _ask(self._master, "reload")
            except AdapterError as error:
                if not isinstance(error.__cause__, ConnectionRefusedError) or time.monotonic() > end:
                    raise
                time.sleep(PAUSE_SECONDS)
            else:
                return

    def _must(self, command: str) -> None:
        if said := self._say(command).strip():
            raise AdapterError("TARGET_UNAVAILABLE", f"HAProxy does not take a change of its maps: {said[:200]}")

    def _say(self, command: str) -> str:
        return _ask(self._runtime, command)


def _parts(entries: Entries) -> Iterator[str]:
    lines: list[str] = []
    size = 0
    for key, value in entries:
        line = f"{key} {value}\n"
        if size + len(line) > _PAYLOAD_CHARACTERS:
            yield "".join(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield "".join(lines)


def _ask(path: str, command: str) -> str:
    """One command on a connection of its own; HAProxy closes it after the answer."""
    answer = bytearray()
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(CALL_SECONDS)
            connection.connect(path)
            connection.sendall(f"{command}\n".encode())
            while received := connection.recv(65536):
                answer += received
    except OSError as error:
        if isinstance(error, ConnectionResetError):
            raise
        raise AdapterError("TARGET_UNAVAILABLE", f"HAProxy does not answer at its socket {path}.") from error
    return answer.decode(errors="replace")
