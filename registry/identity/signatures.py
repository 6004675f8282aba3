"""Whether a token was signed by whom it should have been: a key of its issuer, by an algorithm that was chosen."""

from collections.abc import Collection

from joserfc import jws
from joserfc.errors import JoseError

from registry.identity import refusals
from registry.identity.jwks import Keys
from registry.identity.reading import Rules, Unchecked
from registry.identity.refusals import TOKEN


async def check(token: Unchecked, keys: Keys, algorithms: Collection[str]) -> None:
    """Refuse a token that was not. Errors: CREDENTIAL_INVALID, ISSUER_UNAVAILABLE."""
    if token.algorithm not in algorithms:
        raise refusals.invalid(TOKEN, f"must be signed by one of {', '.join(algorithms)}")
    key = await keys.find(token.kid)
    if key is None:
        raise refusals.invalid(TOKEN, "is signed by a key that its issuer does not have")
    allowed = [token.algorithm]
    try:
        holds = jws.validate_compact(token.signed, key, allowed, Rules(algorithms=allowed))
    except (JoseError, ValueError, TypeError):
        holds = False
    if not holds:
        raise refusals.invalid(TOKEN, "has a signature that does not hold")
