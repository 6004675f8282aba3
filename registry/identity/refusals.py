"""What a credential is refused with: one sentence for each reason, and nothing of the credential in it."""

from datetime import datetime

from registry.errors import Unauthenticated

CERTIFICATE, TOKEN = "certificate", "token"
LOGIN, LEVEL = "login", "level of the login"  # of a person, by an identity provider
ACCEPTED = "a client certificate, or an access token or API key as `authorization: Bearer`"


def missing() -> Unauthenticated:
    """Nothing was presented."""
    return Unauthenticated("CREDENTIAL_MISSING", f"The call needs {ACCEPTED}.", accepted=ACCEPTED)


def invalid(credential: str, problem: str) -> Unauthenticated:
    """It proves nobody; `problem` completes the sentence "The certificate ..."."""
    text = f"The {credential} {problem}."
    return Unauthenticated("CREDENTIAL_INVALID", text, credential=credential, problem=problem)


def expired(credential: str, valid_from: datetime | None, valid_to: datetime | None) -> Unauthenticated:
    """It is not valid now."""
    first, last = (each.isoformat() if each else "" for each in (valid_from, valid_to))
    text = f"The {credential} is not valid now: it is from {first or '-'} to {last or '-'}."
    return Unauthenticated("CREDENTIAL_EXPIRED", text, credential=credential, valid_from=first, valid_to=last)


def revoked(credential: str, issuer: str, by: str) -> Unauthenticated:
    """It was taken back; `by`: whose list says so."""
    text = f"The {credential} of {issuer} is revoked: {by} says so."
    return Unauthenticated("CREDENTIAL_REVOKED", text, credential=credential, issuer=issuer, by=by)


def not_bound(issuer: str, problem: str) -> Unauthenticated:
    """The token belongs to another certificate, or to none."""
    text = f"The token of {issuer} {problem}."
    return Unauthenticated("CREDENTIAL_NOT_BOUND", text, issuer=issuer, problem=problem)


def unknown_revocation(issuer: str) -> Unauthenticated:
    """Nobody can tell whether it was revoked, so it is taken as revoked."""
    text = f"Whether the certificate of {issuer} was revoked cannot be told: its list is missing or too old."
    return Unauthenticated("REVOCATION_UNKNOWN", text, issuer=issuer)
