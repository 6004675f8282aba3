"""Where an identity provider is asked what: told by itself (OpenID Connect Discovery 1.0) under its pinned name."""

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.identity.fetched import Fetched, pinned
from registry.identity.jwks import Keys

WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Metadata:
    """URLs of the provider's endpoints and keys. `names_itself`: whether its answers always have `iss` (RFC 9207)."""

    authorization: str
    token: str
    jwks: str
    names_itself: bool


class Discovered(Fetched[Metadata]):
    """The metadata of the provider whose name is `name`, and its keys, proven by the same authorities."""

    what = "metadata"

    def __init__(
        self, issuer: str, source: tuple[str, bytes], context: ssl.SSLContext, ticks: Callable[[], float]
    ) -> None:
        self.name, self.authority, self.context = *source, context
        super().__init__(issuer, (f"{self.name.rstrip('/')}{WELL_KNOWN}", self.authority), context, ticks)
        self._keys: Keys | None = None

    def read(self, body: bytes) -> Metadata:
        """What a provider tells. Errors: ValueError when it is another one, or does not do what is needed."""
        said = json.loads(body)
        if not isinstance(said, dict) or said.get("issuer") != self.name:
            raise ValueError("of another issuer")
        for field, needed in (("response_types_supported", "code"), ("code_challenge_methods_supported", "S256")):
            offered = said.get(field, [needed])
            if not isinstance(offered, list) or needed not in offered:
                raise ValueError(f"{field} without {needed}")
        return Metadata(
            authorization=_url(said, "authorization_endpoint"),
            token=_url(said, "token_endpoint"),
            jwks=_url(said, "jwks_uri"),
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        )

    async def keys(self) -> Keys:
        """Where its keys are, kept for as long as they stay there. Errors: ISSUER_UNAVAILABLE."""
        return self._at((await self.known()).jwks)

    async def keep_fresh(self) -> None:
        """The keys too, once it is known where they are."""
        await super().keep_fresh()
        if (found := self.value) is not None:
            await self._at(found.jwks).keep_fresh()

    def _at(self, url: str) -> Keys:
        if self._keys is None or self._keys.source[0] != url:
            self._keys = Keys(self._issuer, (url, self.authority), self.context, self._ticks)
        return self._keys


def _url(said: Mapping[str, Any], field: str) -> str:
    value = said.get(field)
    if not isinstance(value, str):
        raise ValueError(f"no {field}")  # noqa: TRY004 - what is read is wrong, and not how it is called
    try:
        return pinned(value)
    except ValueError as error:
        raise ValueError(f"{field} {error}") from None
