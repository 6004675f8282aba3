"""ID tokens (OpenID Connect Core 1.0, 3.1.3.7): what makes one good, and who it says has logged in."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from registry.domain.organisation_number import contains_personal_number
from registry.identity import claims as rules
from registry.identity import refusals
from registry.identity.configuration import PeopleIssuer
from registry.identity.issuers import base64url
from registry.identity.refusals import LEVEL, TOKEN

REQUIRED = ("iss", "sub", "aud", "exp", "iat", "nonce")
SUBJECT = 255  # characters, as OpenID Connect Core 1.0 has it (2)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has logged in by a provider. `claims`: what was said of those that the trust file decides by.

    `level`: how surely it was this person (`acr`), '' when nothing was said.
    """

    provider: str
    issuer: str
    subject: str
    claims: Mapping[str, frozenset[str]]
    level: str

    @property
    def principal(self) -> str:
        """`people/{provider id}/{subject}`, the subject with everything but letters, digits and `_.-~` as %XX."""
        return f"people/{self.provider}/{quote(self.subject, safe='')}"


def person(settings: PeopleIssuer, claims: dict[str, Any], nonce: str, now: datetime) -> Person:
    """Who a token of the provider that was asked for with the nonce is about. Errors: Unauthenticated."""
    expected = {"iss": settings.issuer, "aud": settings.client_id, "nonce": nonce}
    rules.check(claims, REQUIRED, expected, now)
    if rules.time(claims["exp"]) is None:
        raise refusals.invalid(TOKEN, "has a wrong exp")
    _check_party(settings, claims)
    _check_age(settings, claims, now)
    return Person(
        provider=settings.id,
        issuer=settings.issuer,
        subject=_subject(claims["sub"]),
        claims={name: _texts(claims.get(name)) for name in settings.operators},
        level=_level(settings, claims.get("acr", "")),
    )


def check_beside(claims: Mapping[str, Any], access_token: object, algorithm: str) -> None:
    """Refuse an ID token that names another access token than the one beside it. Errors: CREDENTIAL_INVALID."""
    if "at_hash" not in claims:
        return
    digest = hashlib.new(f"sha{algorithm[-3:]}", str(access_token).encode()).digest()
    if claims["at_hash"] != base64url(digest[: len(digest) // 2]):
        raise refusals.invalid(TOKEN, "has a wrong at_hash")


def _check_party(settings: PeopleIssuer, claims: Mapping[str, Any]) -> None:
    """A token for several must say which of them asked for it; one that says so must name us."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", "" if several else settings.client_id) != settings.client_id:
        raise refusals.invalid(TOKEN, "has a wrong azp")


def _check_age(settings: PeopleIssuer, claims: Mapping[str, Any], now: datetime) -> None:
    if not settings.max_age_seconds:
        return
    since = rules.time(claims.get("auth_time"))
    if since is None:
        raise refusals.invalid(TOKEN, "must have the claim auth_time")
    if (now - since).total_seconds() > settings.max_age_seconds + rules.LEEWAY_SECONDS:
        raise refusals.expired(TOKEN, since, None)


def _level(settings: PeopleIssuer, said: object) -> str:
    level = said if isinstance(said, str) else ""
    if settings.acr and level not in settings.acr:
        raise refusals.invalid(LEVEL, f"is none of {', '.join(settings.acr)}")
    return level


def _subject(said: object) -> str:
    """The subject, as it may stand in a principal and on record: a name for a person, and never a person's number."""
    if not isinstance(said, str) or not 1 <= len(said) <= SUBJECT or not said.isascii() or not said.isprintable():
        raise refusals.invalid(TOKEN, f"must have a sub of 1 to {SUBJECT} printable ASCII characters")
    if contains_personal_number(said):
        raise refusals.invalid(TOKEN, "has a person's number as sub: let the provider give pairwise subjects")
    return said


def _texts(said: object) -> frozenset[str]:
    return frozenset(each for each in (said if isinstance(said, list) else [said]) if isinstance(each, str))
