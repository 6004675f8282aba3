"""Who calls, proven: certificates and access tokens of issuers that the registry trusts.

A certificate proves an organisation number, a token a client of its issuer. What somebody may do is decided elsewhere.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proven:
    """Who presented a valid credential.

    `principal`: `certificates/{issuer id}/{organisation number}` or `tokens/{issuer id}/{client id}`.
    `organisation_number`: ten digits, said by a certificate of a trusted issuer, or by the claim that is configured for
    the tokens of an issuer; '' when nothing says one. `thumbprint`: `x5t#S256` (RFC 8705) of the client certificate
    that was presented, in base64url without padding; '' without one. `scopes`: those of the token.
    """

    principal: str
    organisation_number: str = ""
    thumbprint: str = ""
    scopes: frozenset[str] = frozenset()
