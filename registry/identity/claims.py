"""What a token says of itself: issued by whom, for whom, and for how long."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError

from registry.identity import refusals
from registry.identity.refusals import TOKEN

LEEWAY_SECONDS = 60


def check(claims: dict[str, Any], required: Sequence[str], expected: Mapping[str, str], now: datetime) -> None:
    """Refuse what is incomplete, not `expected` (by claim), or outside its time. Errors: Unauthenticated."""
    needed: dict[str, Any] = {name: {"essential": True} for name in required}
    for name, value in expected.items():
        needed[name]["value"] = value
    rules = jwt.JWTClaimsRegistry(now=int(now.timestamp()), leeway=LEEWAY_SECONDS, **needed)
    try:
        rules.validate(claims)
    except ExpiredTokenError:
        raise refusals.expired(TOKEN, time(claims.get("nbf")), time(claims.get("exp"))) from None
    except InvalidClaimError as error:
        if error.claim in {"nbf", "iat"} and (begins := time(claims.get(error.claim))):
            raise refusals.expired(TOKEN, begins, time(claims.get("exp"))) from None
        raise refusals.invalid(TOKEN, f"has a wrong {error.claim}") from None
    except (JoseError, ValueError, TypeError, OverflowError):
        raise refusals.invalid(TOKEN, f"must have the claims {', '.join(required)}") from None


def time(said: object) -> datetime | None:
    """A time that a claim names; None when it names none."""
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    try:
        return datetime.fromtimestamp(said, UTC)
    except (ValueError, OverflowError, OSError):
        return None
