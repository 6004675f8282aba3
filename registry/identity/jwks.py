"""The keys of an issuer: from its one pinned address, fetched seldom, and kept while it does not answer."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from registry.identity.fetched import Fetched

MOST_KEYS = 100
RSA_BITS = 2048
PublicKey = ECKey | RSAKey


class Keys(Fetched[Mapping[str, PublicKey]]):
    """The keys at one address, by id."""

    what = "keys"

    def read(self, body: bytes) -> Mapping[str, PublicKey]:
        """The keys of a set. Errors: ValueError."""
        return dict(_keys(body))

    async def find(self, kid: str) -> PublicKey | None:
        """The key of that id, '' for the only one; None when the issuer has none. Errors: ISSUER_UNAVAILABLE."""
        if (key := self._one(kid)) is None:
            await self.refresh()
            await self.known()
            key = self._one(kid)
        return key

    def _one(self, kid: str) -> PublicKey | None:
        keys = self.value or {}
        if not kid:
            return next(iter(keys.values())) if len(keys) == 1 else None
        return keys.get(kid)


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
