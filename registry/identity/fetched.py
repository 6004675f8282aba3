"""What an issuer tells at an address that is pinned: by TLS, without redirects or proxies, in little time and space."""

import asyncio
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, Generic, TypeVar
from urllib.parse import urlsplit

import httpx
import structlog

from registry.errors import Unavailable
from registry.loopback import is_loopback_host

AGAIN_SECONDS = 60.0  # between two fetches, whatever callers ask for
FIRST_SECONDS = 5.0  # the same, while nothing is known at all
FRESH_SECONDS = 300.0  # after which it is fetched by itself
KEPT_SECONDS = 24 * 3600.0  # how long is believed what cannot be fetched again
FETCH_SECONDS = 5.0
BODY_BYTES = 256 * 1024
# What asking somebody else may end with, and reading what was answered.
FAILURES = (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, ValueError, RecursionError)
Value = TypeVar("Value")
log = structlog.get_logger(__name__)


class Fetched(ABC, Generic[Value]):
    """A document at one address: fetched seldom, once however many ask, and kept while nobody answers there.

    `issuer`: its id, for logs and errors. `source`: the URL, and the authorities in PEM that prove who is there.
    `what`: which document it is. `version` counts how often it changed.
    """

    what: ClassVar[str]

    def __init__(
        self,
        issuer: str,
        source: tuple[str, bytes],
        context: ssl.SSLContext,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source, self.version = source, 0
        self._issuer, self._context, self._ticks = issuer, context, ticks
        self._value: Value | None = None
        self._tried = self._fetched = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    @abstractmethod
    def read(self, body: bytes) -> Value:
        """What a body says. Errors: ValueError when it is none."""

    @property
    def value(self) -> Value | None:
        """What is known; None when it never was, or is too old."""
        return self._value if self._ticks() - self._fetched < KEPT_SECONDS else None

    async def known(self) -> Value:
        """What is known, fetched when it is not. Errors: ISSUER_UNAVAILABLE."""
        if self.value is None:
            await self.refresh()
        if (found := self.value) is None:
            wait = max(1000, int((self._tried + FIRST_SECONDS - self._ticks()) * 1000))
            text = f"The {self.what} of {self._issuer} are not known, and cannot be fetched now."
            raise unavailable(self._issuer, text, wait)
        return found

    async def keep_fresh(self) -> None:
        """Fetch it again when it is time: what was taken back must go."""
        if self._ticks() - self._fetched >= FRESH_SECONDS:
            await self.refresh()

    async def refresh(self) -> None:
        """One fetch at a time, none sooner after the last than it may be, and none that ends with whoever asked for it.

        Otherwise somebody who asks and hangs up, minute by minute, would keep new keys from everybody.
        """
        if self._fetching is None or self._fetching.done():
            if self._ticks() - self._tried < (FIRST_SECONDS if self._value is None else AGAIN_SECONDS):
                return
            self._tried = self._ticks()
            self._fetching = asyncio.create_task(self._take())
        await asyncio.shield(self._fetching)

    async def _take(self) -> None:
        try:
            status, body = await answer(self._context, "GET", self.source[0])
            if status != httpx.codes.OK:
                raise ValueError(f"status {status}")
            found = self.read(body)
        except FAILURES as error:
            problem = f"{type(error).__name__}: {error}"
            log.warning("identity.not_fetched", what=self.what, issuer=self._issuer, problem=problem)
            return
        self._fetched = self._tried
        if found != self._value:
            self._value, self.version = found, self.version + 1


async def answer(
    context: ssl.SSLContext,
    method: str,
    url: str,
    form: Mapping[str, str] | None = None,
    auth: httpx.Auth | None = None,
) -> tuple[int, bytes]:
    """Status and body that an address answers with. Errors: `FAILURES`."""
    headers = {"accept": "application/json, application/jwk-set+json", "accept-encoding": "identity"}
    async with (
        asyncio.timeout(FETCH_SECONDS),
        httpx.AsyncClient(verify=context, trust_env=False, follow_redirects=False) as client,
        client.stream(method, url, headers=headers, data=form, auth=auth) as response,
    ):
        if "content-encoding" in response.headers:
            raise ValueError("a body that is packed")
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > BODY_BYTES:
                raise ValueError(f"more than {BODY_BYTES} bytes")
        return response.status_code, bytes(body)


def unavailable(issuer: str, text: str, wait: int = 1000) -> Unavailable:
    """What is said when an issuer is needed and does not answer; `wait`: milliseconds."""
    return Unavailable("ISSUER_UNAVAILABLE", text, issuer=issuer, retry_after_ms=wait)


def pinned(value: str) -> str:
    """The URL, when what is told there can be believed. Errors: ValueError."""
    url = urlsplit(value)
    safe = url.scheme == "https" or (url.scheme == "http" and is_loopback_host(url.hostname or ""))
    if not safe or not url.hostname or url.username or url.fragment:
        raise ValueError("must be an https URL without a user; http is for a loopback address alone")
    return value
