"""A token taken apart, before anything in it is believed: its size, its header, and who says to have issued it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from registry.identity import refusals
from registry.identity.refusals import TOKEN

TOKEN_BYTES = 16 * 1024
TYPES = frozenset({"at+jwt", "application/at+jwt"})
ID_TYPES = frozenset({"", "jwt", "application/jwt"})  # of ID tokens, which need not say so
# A header may say how it was signed and which key it was, and nothing more: `crit`, `jwk`, `jku`, `x5u`, `x5c`, `b64`
# and whatever comes next would each let a token choose how it is checked. The last two are hints that nobody follows.
HEADER = frozenset({"alg", "typ", "kid", "x5t", "x5t#S256"})


class Rules(jws.JWSRegistry):
    """Sizes of the parts of a token."""

    max_header_length = 2048
    max_payload_length = TOKEN_BYTES


@dataclass(frozen=True, slots=True)
class Unchecked:
    """What a token says, and who might have said it. `kid`: '' when its header names no key."""

    signed: jws.CompactSignature
    algorithm: str
    kid: str
    claims: Mapping[str, Any]

    @property
    def issuer(self) -> str:
        """Who says to have issued it; ''."""
        issuer = self.claims.get("iss")
        return issuer if isinstance(issuer, str) else ""


def within(token: str) -> str:
    """The token, when it is no larger than one may be. Errors: CREDENTIAL_INVALID."""
    if len(token) > TOKEN_BYTES:
        raise refusals.invalid(TOKEN, f"has more than {TOKEN_BYTES} bytes")
    return token


def read(token: str, types: frozenset[str] = TYPES) -> Unchecked:
    """The parts of a token that is `within` its limit, and of one of these types. Errors: CREDENTIAL_INVALID."""
    try:
        signed = jws.extract_compact(token.encode("ascii"), registry=Rules())
        claims = json.loads(signed.payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise refusals.invalid(TOKEN, "is no signed JWT") from None
    header = signed.headers()
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise refusals.invalid(TOKEN, "is no signed JWT")
    _check(header, types)
    return Unchecked(signed, header["alg"], header.get("kid", ""), claims)


def _check(header: Mapping[str, Any], types: frozenset[str]) -> None:
    if set(header) - HEADER:
        raise refusals.invalid(TOKEN, f"has a header with more than {', '.join(sorted(HEADER))}")
    if not all(isinstance(value, str) for value in header.values()):
        raise refusals.invalid(TOKEN, "has a header whose values are not all texts")
    if str(header.get("typ", "")).lower() not in types:
        raise refusals.invalid(TOKEN, f"is of another type than {min(types - {''})}")
