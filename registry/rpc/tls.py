"""TLS for gRPC: the registry's certificate as it is now at every handshake, and what the client showed at it."""

from typing import Any

import grpc

from registry.errors import Precondition
from registry.identity.snapshot import Serving
from registry.identity.trust import Trust


def server_credentials(trust: Trust, *, certificates: bool) -> grpc.ServerCredentials:
    """Credentials of one listening address, which follow the trust without a restart.

    With `certificates`, who shows none of a trusted issuer does not get in. Without, none is asked for, and callers are
    known by a token or key: gRPC for Python has nothing between, so that both kinds need an address each.
    Errors: TRUST_INVALID when the file has no `server`, or no issuer of certificates where they are asked for.
    """
    first = trust.serving
    if first is None or (certificates and not first.client_roots):
        field = "certificates" if first else "server"
        problem = "is needed for an address that is listened on by TLS"
        raise Precondition(
            "TRUST_INVALID", f"The trust file's {field} {problem}.", file="", field=field, problem=problem
        )
    state = [first]

    def fetch() -> Any:
        """The new configuration, or None while nothing has changed. Called at every handshake, on gRPC's thread."""
        now = trust.serving
        if now is None or now is state[0] or (certificates and not now.client_roots):
            return None
        state[0] = now
        return _configuration(now, certificates=certificates)

    return grpc.dynamic_ssl_server_credentials(_configuration(first, certificates=certificates), fetch, certificates)


def _configuration(serving: Serving, *, certificates: bool) -> Any:
    roots = serving.client_roots if certificates else None
    return grpc.ssl_server_certificate_configuration([(serving.key, serving.certificate)], roots)


def presented(context: Any) -> bytes:
    """The certificate that the client of a call showed, in PEM; b'' when it showed none."""
    found = context.auth_context().get("x509_pem_cert") or (b"",)
    return bytes(found[0])
