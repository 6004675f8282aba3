"""The keys of a token's issuer: from its one pinned address, fetched seldom, and kept while it does not answer."""

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from registry.errors import Unavailable

AGAIN_SECONDS = 60.0  # between two fetches, whatever tokens ask for
FIRST_SECONDS = 5.0  # the same, while no key is known at all
FRESH_SECONDS = 300.0  # after which the keys are fetched by themselves
KEPT_SECONDS = 24 * 3600.0  # how long keys are believed that cannot be fetched again
FETCH_SECONDS = 5.0
BODY_BYTES = 256 * 1024
MOST_KEYS = 100
RSA_BITS = 2048
PublicKey = ECKey | RSAKey
log = structlog.get_logger(__name__)


class Keys:
    """`issuer`: its id, for logs and errors. `source`: the URL, and the authorities in PEM that prove who is there.

    `version` counts how often the keys changed.
    """

    def __init__(
        self,
        issuer: str,
        source: tuple[str, bytes],
        context: ssl.SSLContext,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source, self._url = source, source[0]
        self._issuer, self._context, self._ticks = issuer, context, ticks
        self._keys: Mapping[str, PublicKey] = {}
        self._tried = self._fetched = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self.version = 0

    async def find(self, kid: str) -> PublicKey | None:
        """The key of that id, '' for the only one; None when the issuer has none. Errors: ISSUER_UNAVAILABLE."""
        if (key := self._known(kid)) is None:
            await self._refresh()
            key = self._known(kid)
        if key is None and not self._usable():
            wait = max(1000, int((self._tried + FIRST_SECONDS - self._ticks()) * 1000))
            text = f"The keys of {self._issuer} are not known, and cannot be fetched now."
            raise Unavailable("ISSUER_UNAVAILABLE", text, issuer=self._issuer, retry_after_ms=wait)
        return key

    async def keep_fresh(self) -> None:
        """Fetch the keys again when it is time: one that was taken back must go."""
        if self._ticks() - self._fetched >= FRESH_SECONDS:
            await self._refresh()

    def _known(self, kid: str) -> PublicKey | None:
        if not self._usable():
            return None
        if not kid:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    def _usable(self) -> bool:
        return bool(self._keys) and self._ticks() - self._fetched < KEPT_SECONDS

    async def _refresh(self) -> None:
        """One fetch at a time, none sooner after the last than it may be, and none that ends with whoever asked for it.

        Otherwise somebody who asks and hangs up, minute by minute, would keep new keys from everybody.
        """
        if self._fetching is None or self._fetching.done():
            if self._ticks() - self._tried < (AGAIN_SECONDS if self._keys else FIRST_SECONDS):
                return
            self._tried = self._ticks()
            self._fetching = asyncio.create_task(self._take())
        await asyncio.shield(self._fetching)

    async def _take(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                found = dict(_keys(await self._fetch()))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, ValueError, RecursionError) as error:
            log.warning("identity.keys_not_fetched", issuer=self._issuer, problem=f"{type(error).__name__}: {error}")
            return
        self._fetched = self._tried
        if found != self._keys:
            self._keys, self.version = found, self.version + 1

    async def _fetch(self) -> bytes:
        headers = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}
        async with (
            httpx.AsyncClient(verify=self._context, trust_env=False, follow_redirects=False) as client,
            client.stream("GET", self._url, headers=headers) as response,
        ):
            if response.status_code != httpx.codes.OK or "content-encoding" in response.headers:
                raise ValueError(f"status {response.status_code}")
            body = bytearray()
            async for part in response.aiter_raw():
                body += part
                if len(body) > BODY_BYTES:
                    raise ValueError(f"more than {BODY_BYTES} bytes")
            return bytes(body)


def _keys(body: bytes) -> Iterator[tuple[str, PublicKey]]:
    """Public keys for signatures, by id. Errors: ValueError when there is none."""
    said = json.loads(body)
    listed = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_KEYS:
        raise ValueError(f"no set of 1 to {MOST_KEYS} keys")
    found = [key for each in listed if (key := _key(each)) is not None]
    if not found:
        raise ValueError("no key for signatures")
    yield from ((key.kid or "", key) for key in reversed(found))  # of two with one id, the first counts


def _key(said: Any) -> PublicKey | None:
    """A key, or None for one that is not for signatures, of another kind, too short, or private."""
    if not isinstance(said, dict) or said.get("use", "sig") != "sig" or "d" in said or "k" in said:
        return None
    try:
        if said.get("kty") == "EC":
            return ECKey.import_key(said)
        if said.get("kty") == "RSA":
            key = RSAKey.import_key(said)
            return key if key.raw_value.key_size >= RSA_BITS else None
    except (JoseError, ValueError, TypeError):
        return None
    return None
