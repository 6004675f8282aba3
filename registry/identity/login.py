"""A login by an identity provider: the code flow of OpenID Connect with PKCE, nonce and the sender's name."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

import httpx
import structlog

from registry.identity import fetched, idtokens, reading, refusals, signatures
from registry.identity.configuration import PeopleIssuer
from registry.identity.discovery import Discovered, Metadata
from registry.identity.issuers import base64url
from registry.identity.refusals import LOGIN

SECRET_BYTES = 32  # of state, nonce and verifier each
CODE_CHARACTERS = 4096
# What RFC 6749 (4.1.2.1, 5.2) and OpenID Connect Core 1.0 (3.1.2.6) let a provider say; nothing else is repeated.
ERRORS = frozenset(
    {
        "access_denied",
        "consent_required",
        "interaction_required",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "login_required",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
    }
)
log = structlog.get_logger(__name__)


def _secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


@dataclass(frozen=True, slots=True)
class Begun:
    """A login under way: what an answer must fit. `verifier` is told to nobody but the provider's token endpoint."""

    provider: str
    issuer: str
    state: str = field(default_factory=_secret, repr=False)
    nonce: str = field(default_factory=_secret, repr=False)
    verifier: str = field(default_factory=_secret, repr=False)


@dataclass(frozen=True, slots=True)
class Provider:
    """A trusted identity provider of people. `secret`: the registry's own there; '' for a public client."""

    settings: PeopleIssuer
    secret: str = field(repr=False)
    discovered: Discovered

    @property
    def back(self) -> str:
        """Where it sends browsers back to: an address for each provider, so that none answers for another."""
        return f"{self.settings.page}/ops/login/{self.settings.id}"

    async def begin(self) -> tuple[Begun, str]:
        """A login, and where a browser is sent for it. Errors: ISSUER_UNAVAILABLE."""
        metadata = await self.discovered.known()
        begun = Begun(self.settings.id, self.settings.issuer)
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.back,
            "scope": " ".join(("openid", *self.settings.scopes)),
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": base64url(hashlib.sha256(begun.verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        if self.settings.acr:
            asked["acr_values"] = " ".join(self.settings.acr)
        if self.settings.max_age_seconds:
            asked["max_age"] = str(self.settings.max_age_seconds)
        return begun, str(httpx.URL(metadata.authorization).copy_merge_params(asked))

    async def finish(self, begun: Begun, answer: Mapping[str, str], now: datetime) -> idtokens.Person:
        """Who has logged in, by what the browser brought back. Errors: Unauthenticated, ISSUER_UNAVAILABLE."""
        metadata = await self.discovered.known()
        self._check_sender(metadata, answer)
        if "error" in answer:
            raise refusals.invalid(LOGIN, f"was ended by its provider: {_error(answer['error'])}")
        code = answer.get("code", "")
        if not 1 <= len(code) <= CODE_CHARACTERS:
            raise refusals.invalid(LOGIN, "came back without a code")
        said = await self._exchange(metadata, begun, code)
        token = reading.read(reading.within(str(said.get("id_token", ""))), reading.ID_TYPES)
        await signatures.check(token, await self.discovered.keys(), self.settings.algorithms)
        idtokens.check_beside(token.claims, said.get("access_token"), token.algorithm)
        return idtokens.person(self.settings, dict(token.claims), begun.nonce, now)

    def _check_sender(self, metadata: Metadata, answer: Mapping[str, str]) -> None:
        """An answer of another provider would carry our code to where it does not belong (RFC 9207)."""
        if answer.get("iss", "" if metadata.names_itself else self.settings.issuer) != self.settings.issuer:
            raise refusals.invalid(LOGIN, "came back from another provider than the one it was begun with")

    async def _exchange(self, metadata: Metadata, begun: Begun, code: str) -> Mapping[str, Any]:
        """What the provider gives for the code. Nothing that was sent or came back is logged or repeated."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.back}
        form |= {"code_verifier": begun.verifier} | ({} if self.secret else {"client_id": self.settings.client_id})
        try:
            status, body = await fetched.answer(
                self.discovered.context, "POST", metadata.token, form=form, auth=self._authentication()
            )
            said = json.loads(body)
        except fetched.FAILURES as error:
            raise self._unavailable(type(error).__name__) from None
        if not isinstance(said, dict) or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise self._unavailable(f"status {status}")
        if status != httpx.codes.OK:
            raise refusals.invalid(LOGIN, f"was refused by its provider: {_error(said.get('error'))}")
        return said

    def _authentication(self) -> httpx.Auth | None:
        """`client_secret_basic`, of which both parts are encoded as in a form (RFC 6749, 2.3.1)."""
        return httpx.BasicAuth(quote_plus(self.settings.client_id), quote_plus(self.secret)) if self.secret else None

    def _unavailable(self, problem: str) -> Exception:
        log.warning("identity.code_not_exchanged", issuer=self.settings.id, problem=problem)
        return fetched.unavailable(self.settings.id, f"{self.settings.id} does not say who has logged in.")


def _error(said: object) -> str:
    return said if isinstance(said, str) and said in ERRORS else "an error that has no name here"
