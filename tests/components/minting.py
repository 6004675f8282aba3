"""Tokens of a test's own, right or wrong in any way, and an address on loopback that tells their keys."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey
from joserfc.util import json_b64encode

from tests.components.issuing import NOW

ISSUER, AUDIENCE = "https://issuer.example.se", "https://registry.example.se"


def new_key(kid: str = "one") -> ECKey:
    """A key for ES256."""
    return ECKey.generate_key("P-256", parameters={"kid": kid, "use": "sig"})


def claims(**changed: Any) -> dict[str, Any]:
    """Claims that are all right; None leaves one out."""
    now = int(NOW.timestamp())
    right = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "gateway",
        "client_id": "gateway",
        "jti": "1",
        "iat": now,
        "exp": now + 300,
        "scope": "read write",
    }
    return {name: value for name, value in {**right, **changed}.items() if value is not None}


def mint(key: Any, header: Mapping[str, Any] | None = None, **changed: Any) -> str:
    """A token that is right but for what is changed."""
    whole = {"alg": "ES256", "typ": "at+jwt", "kid": "one", **(header or {})}
    whole = {name: value for name, value in whole.items() if value is not None}
    rules = jws.JWSRegistry(algorithms=list(jws.JWSRegistry.algorithms), strict_check_header=False)
    rules.max_header_length = 10_000_000
    body = json.dumps(claims(**changed))
    return jws.serialize_compact(whole, body, key, algorithms=[whole["alg"]], registry=rules)


def unsigned(header: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    """A token with no signature."""
    parts = [json_b64encode(dict(each)).decode() for each in (header, body)]
    return f"{'.'.join(parts)}."


class KeyServer:
    """Tells keys at `url`. `fetches`: how often it was asked; `status` and `body`: what it answers."""

    def __init__(self, *keys: ECKey) -> None:
        self.fetches, self.status, self.body, self.headers = 0, 200, b"", {}  # type: ignore[var-annotated]
        self.url = ""
        self.tell(*keys)

    def tell(self, *keys: ECKey) -> None:
        """Tell these from now on."""
        self.body = json.dumps({"keys": [each.as_dict(private=False) for each in keys]}).encode()


@contextmanager
def key_server(*keys: ECKey) -> Iterator[KeyServer]:
    """Such an address, for as long as the block lasts."""
    told = KeyServer(*keys)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.fetches += 1
            self.send_response(told.status)
            for name, value in {"content-length": str(len(told.body)), **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/jwks"
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
