"""uvicorn inside our own task group: it must not own the signals."""

import contextlib
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette


class WebServer(uvicorn.Server):
    """uvicorn that leaves SIGTERM to the composition root, so that everything drains in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def web_server(application: Starlette, address: str) -> WebServer:
    """A server for the address `host:port`."""
    host, _, port = address.rpartition(":")
    config = uvicorn.Config(application, host=host.strip("[]"), port=int(port), log_config=None, lifespan="off")
    return WebServer(config)
