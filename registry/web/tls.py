"""TLS for the web face: the registry's certificate as it is now at every handshake; clients are asked for none."""

import contextlib
import ssl

from registry.errors import Precondition
from registry.identity.snapshot import Serving
from registry.identity.trust import Trust


def ssl_context(trust: Trust) -> ssl.SSLContext:
    """A context for uvicorn's `ssl_context_factory`, which follows the trust without a restart.

    Errors: Precondition TRUST_INVALID when the file has no `server`.
    """
    serving = trust.serving
    if serving is None:
        problem = "is needed for an address that is listened on by TLS"
        raise Precondition(
            "TRUST_INVALID", f"The trust file's server {problem}.", file="", field="server", problem=problem
        )
    current = _Current(trust, serving)
    first = current.context
    first.sni_callback = current.take
    return first


class _Current:
    """The context of the newest certificate. One that cannot be read just now leaves the old one in use."""

    def __init__(self, trust: Trust, serving: Serving) -> None:
        self._trust, self._serving = trust, serving
        self.context = _context(serving)

    def take(self, connection: ssl.SSLObject, _name: str | None, _first: ssl.SSLContext) -> None:
        """Called when a client says hello, whether it names the host or not."""
        latest = self._trust.serving
        if latest is not None and latest is not self._serving:
            self._serving = latest
            with contextlib.suppress(OSError):  # ssl.SSLError is one
                self.context = _context(latest)
        connection.context = self.context


def _context(serving: Serving) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(serving.certificate_file, serving.key_file)
    context.set_alpn_protocols(["http/1.1"])
    return context
