"""A provider's service: answers every request, and remembers what it was asked."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SLOW_SECONDS = 0.3


class Upstream:
    """A running service. `paths` are the paths asked for, in order; `status` is what it answers.

    A path with `slow` in it is answered after a while. `certificate`: PEM of key and chain, for https.
    """

    def __init__(self, certificate: Path | None = None, port: int = 0) -> None:
        self.paths: list[str] = []
        self.hosts: list[str] = []
        self.status = 200
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                upstream.paths.append(self.path)
                upstream.hosts.append(self.headers["host"])
                if "slow" in self.path:
                    time.sleep(SLOW_SECONDS)
                body = self.path.encode()
                self.send_response(upstream.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = _Server(("127.0.0.1", port), Handler)
        scheme = "http"
        if certificate:
            scheme, context = "https", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = int(self._server.server_address[1])
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, also on connections that are open."""
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[object] = set()
        super().__init__(address, handler)

    def process_request(self, request: object, client_address: object) -> None:
        self._open.add(request)
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def shutdown_request(self, request: object) -> None:
        self._open.discard(request)
        super().shutdown_request(request)  # type: ignore[arg-type]

    def handle_error(self, *_: object) -> None:
        """A client that went away, or that did not like the certificate, is no news."""

    def hang_up(self) -> None:
        for request in list(self._open):
            self.shutdown_request(request)


@contextmanager
def upstream(certificate: Path | None = None, port: int = 0) -> Iterator[Upstream]:
    """A service for as long as the block lasts."""
    running = Upstream(certificate, port)
    try:
        yield running
    finally:
        running.stop()
