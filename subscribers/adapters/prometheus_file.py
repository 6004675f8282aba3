"""The file of targets that a Prometheus follows, ours and others' in it, and a place that serves it by HTTP."""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from subscribers.adapter import AdapterError

SUBSCRIPTION = "gemensam_subscription"  # the label that is our mark
Group = dict[str, Any]
_IDLE_SECONDS = 10


class TargetsFile:
    """Errors of every call: AdapterError."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make the file, when it is missing."""
        if not self.path.exists():
            self._write([])

    def ours(self) -> Mapping[str, list[Group]]:
        """Our groups by subscription, in the order that they have in the file."""
        found: dict[str, list[Group]] = {}
        for group in self._groups():
            if key := _key(group):
                found.setdefault(key, []).append(group)
        return found

    def change(self, groups: Mapping[str, list[Group]]) -> None:
        """Put these in place of what the subscriptions have: ours in the order of their keys, then those of others."""
        theirs = [each for each in self._groups() if not _key(each)]
        after = {**self.ours(), **groups}
        self._write([*(each for key in sorted(after) for each in after[key]), *theirs])

    def content(self) -> bytes:
        """The file as it is; of none, no targets."""
        with contextlib.suppress(FileNotFoundError):
            return self.path.read_bytes()
        return b"[]\n"

    def _groups(self) -> list[Group]:
        try:
            content = json.loads(self.content())
        except OSError as error:
            raise AdapterError("TARGET_UNAVAILABLE", f"{self.path}: {error.strerror}") from error
        except ValueError as error:
            raise self._damaged() from error
        if not isinstance(content, list) or not all(isinstance(each, dict) for each in content):
            raise self._damaged()
        return content

    def _damaged(self) -> AdapterError:
        return AdapterError("TARGET_DAMAGED", f"{self.path} is no list of target groups: repair it, or remove it.")

    def _write(self, groups: list[Group]) -> None:
        partial = self.path.with_name(f".{self.path.name}.partial")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("w", encoding="utf-8") as file:
                json.dump(groups, file, ensure_ascii=False, indent=1, sort_keys=True)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path)
        except OSError as error:
            raise AdapterError("TARGET_UNAVAILABLE", f"{self.path}: {error.strerror}") from error


def _key(group: Group) -> str:
    labels = group.get("labels")
    key = labels.get(SUBSCRIPTION) if isinstance(labels, dict) else ""
    return key if isinstance(key, str) else ""


class Server:
    """Serves the file at every path until it is stopped. Several processes may: each of them reads the same file."""

    def __init__(self, host: str, port: int, file: TargetsFile) -> None:
        self._server = _Http(host, port, file)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads, allow_reuse_port = True, True

    def __init__(self, host: str, port: int, file: TargetsFile) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        class Handler(BaseHTTPRequestHandler):
            protocol_version, timeout = "HTTP/1.1", _IDLE_SECONDS

            def do_GET(self) -> None:
                content = file.content()
                self.send_response(200)
                self.send_header("content-type", "application/json")  # Prometheus takes no other
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        super().__init__((host, port), Handler)


def served(listen: str, file: TargetsFile) -> Server:
    """A server at an address and port. Errors: ValueError; OSError when the place is taken."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError("`listen` must be an address and a port, for example 127.0.0.1:7490")
    return Server(host.removeprefix("[").removesuffix("]"), int(port), file)
