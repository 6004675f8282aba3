"""An identity provider that says whatever a test wants it to, by TLS: its metadata, its keys and its answers for codes."""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

from tests.components.issuing import Issued
from tests.components.minting import new_key

Answer = tuple[int, Mapping[str, Any] | bytes, Mapping[str, str]]


class LyingProvider:
    """`key` signs, and is the one that it tells. `metadata`: what it tells of itself; `give`: its answer for a form.

    `asked`: forms that came for codes.
    """

    def __init__(self, port: int) -> None:
        self.issuer, self.key = f"https://127.0.0.1:{port}", new_key()
        self.metadata: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "authorization_response_iss_parameter_supported": True,
        }
        self.give: Callable[[Mapping[str, str]], Answer] = lambda _form: (400, {"error": "invalid_grant"}, {})
        self.asked: list[Mapping[str, str]] = []
        self.moved = False

    def answer(self, path: str, form: Mapping[str, str]) -> Answer:
        """What it says at a path."""
        if path == "/token":
            self.asked.append(form)
            return self.give(form)
        if path == "/jwks":
            return 200, {"keys": [self.key.as_dict(private=False)]}, {}
        if self.moved:
            return 302, b"", {"location": f"{self.issuer}/elsewhere"}
        return 200, self.metadata, {}


@contextmanager
def lying_provider(server: Issued) -> Iterator[LyingProvider]:
    """Such a provider, for as long as the block lasts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate_file, server.key_file)
    listening = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
    listening.daemon_threads = True
    told = LyingProvider(listening.server_port)

    class Handler(BaseHTTPRequestHandler):
        timeout = 20

        def do_GET(self) -> None:
            self._say(*told.answer(self.path, {}))

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            self._say(*told.answer(self.path, {name: values[0] for name, values in form.items()}))

        def _say(self, status: int, body: Mapping[str, Any] | bytes, headers: Mapping[str, str]) -> None:
            whole = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"content-length": str(len(whole)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(whole)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    listening.RequestHandlerClass = Handler
    thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield told
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()
