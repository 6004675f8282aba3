"""uvicorn inside our own task group: it must not own the signals, and its address is ours to explain."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette

from registry.errors import Precondition

GRACE_SECONDS = 10  # for what is under way at a stop


class WebServer(uvicorn.Server):
    """uvicorn that leaves SIGTERM to the composition root, so that everything drains in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def run_until_cancelled(self, listening: socket.socket) -> None:
        """Serve at a socket that listens already; when cancelled, let what is under way finish."""
        serving = asyncio.ensure_future(self.serve([listening]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self.should_exit = True
            self._end_streams()
            await serving
            raise

    def _end_streams(self) -> None:
        """A page that is watched would never be done by itself."""
        if close := getattr(self.config.app.state, "close", None):  # type: ignore[union-attr]
            close()


def web_server(application: Starlette, tls: ssl.SSLContext | None = None) -> WebServer:
    """A server for `run_until_cancelled`, by TLS with a context."""
    factory = None if tls is None else lambda _config, _default: tls
    return WebServer(
        uvicorn.Config(
            application,
            log_config=None,
            access_log=False,  # it would have whole addresses, and that of a login's answer has a code
            lifespan="off",
            ssl_context_factory=factory,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )


def listen(address: str) -> socket.socket:
    """A socket at `host:port`. Errors: Precondition ADDRESS_UNAVAILABLE."""
    host, _, port = address.rpartition(":")
    try:
        made = socket.create_server((host.strip("[]"), int(port)), family=_family(host))
    except (OSError, ValueError) as error:
        text = f"{address} cannot be listened on: another program has it, or it is not of this machine."
        raise Precondition("ADDRESS_UNAVAILABLE", text, address=address) from error
    # What it accepts inherits this. asyncio does not see that the socket is of TCP, and answers would wait for 40 ms.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
