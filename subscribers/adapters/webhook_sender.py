"""Sends signed messages to one endpoint: to the addresses that were judged, and nowhere that the endpoint points to."""

import base64
import binascii
import hashlib
import hmac
import ssl
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from subscribers.adapter import AdapterError, Upstream
from subscribers.adapters.webhook_journal import Message

CALL_SECONDS, ANSWER_BYTES = 5.0, 4096
_PREFIX, _SHORTEST, _LONGEST = "whsec_", 24, 64  # bytes, as Standard Webhooks has them
_LATER = {408, 425, 429}
_GONE, _REFUSED, _BROKEN = 410, 300, 500


def read_secrets(path: Path) -> Sequence[bytes]:
    """The keys in a file, one a line, the newest first. Errors: ValueError that never shows a secret."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        keys = [base64.b64decode(line.removeprefix(_PREFIX), validate=True) for line in lines]
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except (binascii.Error, UnicodeDecodeError):
        keys = []
    if not keys or not all(_SHORTEST <= len(key) <= _LONGEST for key in keys):
        words = f"one secret a line: {_PREFIX} and {_SHORTEST} to {_LONGEST} random bytes as base64"
        raise ValueError(f"{path} must have {words}")
    return keys


def signature(keys: Sequence[bytes], name: str, timestamp: int, body: bytes) -> str:
    """One `v1` signature by each key, so that an endpoint may know the old or the new one."""
    signed = f"{name}.{timestamp}.".encode() + body
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}" for key in keys)


class Sender:
    """`url` is for people: each call is told where it leads, as it was judged. `trust_store`: '' for the system's."""

    def __init__(self, url: str, keys: Sequence[bytes], trust_store: str) -> None:
        self._url, self._keys = url, keys
        verify = ssl.create_default_context(cafile=trust_store or None)
        self._client = httpx.Client(timeout=CALL_SECONDS, trust_env=False, verify=verify, follow_redirects=False)

    def send(self, message: Message, where: Upstream) -> AdapterError | None:
        """Send it; what came of it."""
        try:
            self.ask(message, where)
        except AdapterError as error:
            return error
        return None

    def ask(self, message: Message, where: Upstream) -> bytes:
        """Send it; the beginning of the answer. Errors: AdapterError, with the message's key if it alone is refused."""
        if where.grpc:
            raise AdapterError("ADDRESS_REFUSED", f"{self._url} must be http or https")
        for address in where.addresses:
            try:
                return self._post(where, address, message)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise self._unavailable(type(failure).__name__) from failure

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def _post(self, where: Upstream, address: str, message: Message) -> bytes:
        timestamp = int(time.time())
        headers = {
            "host": _place(where.host, where.port),  # the address is what is connected to, the name what is asked for
            "accept-encoding": "identity",
            "content-type": "application/cloudevents+json; charset=utf-8",
            "webhook-id": message.name,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._keys, message.name, timestamp, message.body),
        }
        url = f"{where.scheme}://{_place(address, where.port)}{where.path or '/'}"
        names = {"sni_hostname": where.host}
        try:
            with self._client.stream("POST", url, headers=headers, content=message.body, extensions=names) as response:
                answer = _beginning(response)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise
        except httpx.HTTPError as error:
            raise self._unavailable(type(error).__name__) from error
        self._judge_status(response.status_code, message)
        return answer

    def _judge_status(self, status: int, message: Message) -> None:
        if status >= _BROKEN or status in _LATER:
            raise self._unavailable(f"it gave {status}")
        if status == _GONE:
            raise AdapterError(
                "ENDPOINT_GONE", f"{self._url} gave 410: it wants nothing more, until it is confirmed anew"
            )
        if status >= _REFUSED:
            words = "it points elsewhere, which is not followed" if status < 400 else "it refuses"  # noqa: PLR2004
            raise AdapterError(
                "ENDPOINT_REFUSED", f"{self._url} gave {status}: {words}", [message.key] if message.key else []
            )

    def _unavailable(self, why: str) -> AdapterError:
        return AdapterError("TARGET_UNAVAILABLE", f"{self._url}: {why}")


class Batch:
    """Messages that go together, from several threads, to `where`. Once it is found away, the rest is not tried."""

    where: Upstream

    def __init__(self, sender: Sender) -> None:
        self._sender, self.away = sender, False

    def send(self, message: Message) -> AdapterError | None:
        """Send it; what came of it."""
        if self.away:
            return AdapterError("TARGET_UNAVAILABLE", "the endpoint is away")
        error = self._sender.send(message, self.where)
        self.away |= error is not None and not error.keys
        return error


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _beginning(response: httpx.Response) -> bytes:
    """At most so much of an answer, in at most so much time; the rest is not waited for."""
    answer, end = b"", time.monotonic() + CALL_SECONDS
    for part in response.iter_raw():
        answer += part
        if len(answer) >= ANSWER_BYTES or time.monotonic() > end:
            break
    return answer[:ANSWER_BYTES]
