"""Stands in for the providers' services: answers every path, so that gateways have something to lead to."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_HOST = re.compile(r"\b(https?|grpcs?)://([a-z0-9.-]+\.example)(?::\d+)?(/[^\s\"']*)?")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Say which service was reached."""
        body = json.dumps({"service": self.path.split("/")[1], "path": self.path}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal belongs to the demo."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A gateway may drop a connection that it no longer needs."""


@contextmanager
def provider(port: int = 0) -> Iterator[int]:
    """The stand-in's port, for as long as the block lasts."""
    server = _Server(("127.0.0.1", port), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def localise(source: Path, target: Path, web_port: int, grpc_port: int) -> Path:
    """A copy of definition files whose `.example` hosts lead to the stand-ins on this machine."""

    def local(found: re.Match[str]) -> str:
        scheme, host, path = found[1], found[2], found[3] or ""
        if scheme.startswith("grpc"):
            return f"grpc://127.0.0.1:{grpc_port}"
        return f"http://127.0.0.1:{web_port}/{host}{path}"

    for path in sorted(source.rglob("*")):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text(encoding="utf-8")
            copy.write_text(_HOST.sub(local, text) if path.suffix in {".yaml", ".yml"} else text, encoding="utf-8")
    return target
