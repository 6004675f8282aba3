"""A body's own endpoint for webhooks: proves each message with the reference library, and keeps what it is told."""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cywgbm90IG9mIGFueWJvZHk="


class Receiver:
    """What an endpoint should do: verify, drop what comes twice, ignore what is older, keep the rest.

    `held`: documents by subscription. `calls`: every request that came, verified or not. `status`: what it answers;
    `refuses`: subjects that it gives 422. `echo`: whether it answers challenges. `cut`: it hangs up on every request,
    and counts them in `hung_up`.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, secret: str = SECRET, certificate: Path | None = None
    ) -> None:
        self.held: dict[str, Any] = {}
        self.calls: list[tuple[Mapping[str, str], bytes]] = []
        self.fresh: list[dict[str, Any]] = []
        self.forged = self.hung_up = 0
        self.cut = False
        self.status, self.echo, self.location = 204, True, ""
        self.refuses: set[str] = set()
        self._newest: dict[tuple[str, str], str] = {}
        self._seen: set[str] = set()
        self._lock, self._proof = threading.Lock(), Webhook(secret)
        self._server = _Server((host, port), self._handler())
        scheme = "http"
        if certificate:
            scheme, context = "https", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.host, self.port = host, int(self._server.server_address[1])
        self.url = f"{scheme}://{host}:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def events(self) -> list[dict[str, Any]]:
        """Every event that came and was no challenge, also what came twice."""
        return [each for _, body in self.calls if "subject" in (each := json.loads(body))]

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """The status and the answer to one request."""
        with self._lock:
            self.calls.append((headers, body))
            try:
                event = self._proof.verify(body, dict(headers))
            except WebhookVerificationError:
                self.forged += 1
                return 401, b""
            if event["type"].endswith("challenge.v1"):
                return 200, json.dumps({"challenge": event["data"]["challenge"]} if self.echo else event).encode()
            if self.status >= 300:
                return self.status, b""
            if event["subject"] in self.refuses:
                return 422, b""
            if headers["webhook-id"] not in self._seen:
                self._seen.add(headers["webhook-id"])
                self._keep(event)
            return self.status, b""

    def _keep(self, event: dict[str, Any]) -> None:
        self.fresh.append(event)
        order = (event["source"], event["subject"])
        if event["sequence"] <= self._newest.get(order, ""):
            return
        self._newest[order] = event["sequence"]
        if event["type"].endswith("removed.v1"):
            self.held.pop(event["subject"], None)
        else:
            self.held[event["subject"]] = event["data"]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                length = int(headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length or receiver.cut:  # the sender was killed in the middle, or we are away
                    receiver.hung_up += 1
                    self.close_connection = True
                    return
                status, answer = receiver.take(headers, body)
                self.send_response(status)
                if receiver.location:
                    self.send_header("location", receiver.location)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A sender that went away is no news."""


@contextmanager
def receiver(
    host: str = "127.0.0.1", port: int = 0, secret: str = SECRET, certificate: Path | None = None
) -> Iterator[Receiver]:
    """An endpoint for as long as the block lasts. `certificate`: PEM of key and chain, for https."""
    running = Receiver(host, port, secret, certificate)
    try:
        yield running
    finally:
        running.stop()
