"""Access tokens (RFC 9068): what makes one good. Nothing in a token says how it is checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.domain.organisation_number import contains_personal_number
from registry.identity import claims as rules
from registry.identity import configuration, numbers, refusals, signatures
from registry.identity.jwks import Keys
from registry.identity.reading import Unchecked
from registry.identity.refusals import TOKEN

REQUIRED = ("iss", "sub", "aud", "exp", "iat", "jti", "client_id")
_CLIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,99}")


@dataclass(frozen=True, slots=True)
class Checked:
    """A token that is good between `since` and `until`, by keys of that `version`.

    `issuer`: its id, `url`: its own name. `bound_to`: the thumbprint of the certificate that the token names, or ''.
    """

    issuer: str
    url: str
    client: str
    number: str
    scopes: frozenset[str]
    bound_to: str
    since: datetime
    until: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Issuer:
    """A trusted issuer of tokens, with its keys."""

    settings: configuration.TokenIssuer
    keys: Keys

    async def checked(self, token: Unchecked, now: datetime) -> Checked:
        """What the token says, once its signature and every claim hold. Errors: Unauthenticated, Unavailable."""
        await signatures.check(token, self.keys, self.settings.algorithms)
        return self._read(dict(token.claims), now)

    def _read(self, claims: dict[str, Any], now: datetime) -> Checked:
        expected = {"iss": self.settings.issuer, "aud": self.settings.audience}
        rules.check(claims, REQUIRED, expected, now)
        if claims["exp"] - claims["iat"] > self.settings.lifetime_seconds + rules.LEEWAY_SECONDS:
            problem = f"is issued for longer than {self.settings.lifetime_seconds} seconds"
            raise refusals.invalid(TOKEN, problem)
        return Checked(
            issuer=self.settings.id,
            url=self.settings.issuer,
            client=_client(claims["client_id"]),
            number=self._number(claims),
            scopes=_scopes(claims.get("scope", "")),
            bound_to=self._binding(claims),
            since=rules.time(max(claims["iat"], claims.get("nbf", claims["iat"])) - rules.LEEWAY_SECONDS) or now,
            until=rules.time(claims["exp"] + rules.LEEWAY_SECONDS) or now,
            version=self.keys.version,
        )

    def _number(self, claims: Mapping[str, Any]) -> str:
        name = self.settings.number_claim
        if not name or name not in claims:
            return ""
        try:
            return numbers.of_text(claims[name], name)
        except numbers.NoNumber as error:
            raise refusals.invalid(TOKEN, str(error)) from None

    def _binding(self, claims: Mapping[str, Any]) -> str:
        """The certificate that the token names. What is bound in another way cannot be checked: it is refused."""
        said = claims.get("cnf")
        if said is None:
            if self.settings.bound == "required":
                raise refusals.not_bound(self.settings.id, "names no certificate, and must")
            return ""
        named = said.get("x5t#S256") if isinstance(said, dict) and len(said) == 1 else None
        if not isinstance(named, str) or not named:
            raise refusals.not_bound(self.settings.id, "is bound by something other than a certificate")
        return named


def _client(said: object) -> str:
    """The client's id, as it may stand in a principal and in the ledger."""
    if not isinstance(said, str) or not _CLIENT.fullmatch(said) or contains_personal_number(said):
        what = "of at most 100 letters, digits and ._:@-, and not a person's number"
        raise refusals.invalid(TOKEN, f"must have a client_id {what}")
    return said


def _scopes(said: object) -> frozenset[str]:
    if not isinstance(said, str):
        raise refusals.invalid(TOKEN, "has a scope that is not a text")
    return frozenset(said.split())
