"""The routes of one server in a running Caddy, read and changed over its admin address."""

import json
import ssl
import time
from collections.abc import Sequence
from typing import Any

import httpx

from subscribers.adapter import AdapterError

CALL_SECONDS = 60.0  # Caddy makes everything anew at each change: that takes long with many routes
TRIES, PAUSE_SECONDS = 5, 0.1
_CHARACTERS = 400
_RESET = (httpx.ReadError, httpx.RemoteProtocolError)


class Changed(Exception):
    """Somebody changed the routes since they were read: read them again."""


class CaddyAdmin:
    """`address`: host:port of the admin address. Errors of every call: AdapterError."""

    def __init__(self, address: str, server: str) -> None:
        self._address, self._server = address, server
        self._path = f"/config/apps/http/servers/{server}"
        unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # or the client reads a bundle of certificates
        self._client = httpx.Client(timeout=CALL_SECONDS, trust_env=False, verify=unused)

    def check(self) -> None:
        """There is a server of that name."""
        if not isinstance(self._read(self._path)[0], dict):
            raise AdapterError("TARGET_NOT_FOLLOWING", f"Caddy has no server {self._server} in apps.http.servers.")

    def routes(self) -> tuple[Sequence[Any] | None, str]:
        """The server's routes, None where it has no list of them, and what tells whether they have changed."""
        found, seen = self._read(f"{self._path}/routes")
        return (found if isinstance(found, list) else None), seen

    def change(self, method: str, place: str, value: object, seen: str) -> None:
        """One change below the routes, all of it or nothing. Errors also: Changed; AdapterError GATEWAY_REJECTED."""
        response = self._call(method, f"{self._path}/routes{place}", value, {"if-match": seen})
        if response.status_code == httpx.codes.PRECONDITION_FAILED:
            raise Changed
        if response.is_error:
            raise AdapterError("GATEWAY_REJECTED", f"Caddy refuses the change: {response.text.strip()[-_CHARACTERS:]}")

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def _read(self, path: str) -> tuple[Any, str]:
        response = self._asked(path)
        if response.is_error:  # nothing on the way to it
            return None, ""
        return response.json(), f'"{path} {_fnv(response.content):08x}"'

    def _asked(self, path: str) -> httpx.Response:
        """Caddy opens its admin address anew at each change, too: who meets the old one is cut off, and asks again."""
        for _ in range(TRIES - 1):
            try:
                return self._call("GET", path, None, {})
            except AdapterError as error:
                if not isinstance(error.__cause__, _RESET):
                    raise
                time.sleep(PAUSE_SECONDS)
        return self._call("GET", path, None, {})

    def _call(self, method: str, path: str, value: object, headers: dict[str, str]) -> httpx.Response:
        content = None if value is None else json.dumps(value)
        try:
            return self._client.request(
                method,
                f"http://{self._address}{path}",
                content=content,
                headers={**headers, "content-type": "application/json"},
            )
        except httpx.HTTPError as error:
            raise AdapterError(
                "TARGET_UNAVAILABLE", f"Caddy does not answer at its admin address {self._address}."
            ) from error


def _fnv(content: bytes) -> int:
    """FNV-1a, 32 bits: what Caddy's own ETag is made of, which comes after the content, where few clients see it."""
    found = 0x811C9DC5
    for byte in content:
        found = (found ^ byte) * 0x01000193 & 0xFFFFFFFF
    return found
