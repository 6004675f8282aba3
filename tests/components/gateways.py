"""Every gateway that there is an adapter for, as its tests ask for one: a real product, started on free ports."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from subscribers.adapter import Adapter
from tests.components import caddy, envoy, haproxy, nginx


class Gateway(Protocol):
    """A running gateway. `grpc`: host:port for gRPC without TLS; `port`: of its HTTP/1.1."""

    kind: str
    url: str
    port: int
    grpc: str

    def options(self) -> dict[str, Any]:
        """What the adapter is made with."""

    def adapter(self, **options: Any) -> Adapter:
        """A new adapter for it."""

    def start(self) -> None:
        """Start it and wait until it answers."""

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it with all of its processes."""


MAKERS: Mapping[str, Callable[[Path], Gateway]] = {
    "envoy": envoy.Gateway,
    "envoy-xds": envoy.XdsGateway,
    "nginx": nginx.Gateway,
    "haproxy": haproxy.Gateway,
    "caddy": caddy.Gateway,
}


@contextmanager
def gateway(kind: str, folder: Path) -> Iterator[Any]:
    """A gateway for as long as the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    running = MAKERS[kind](folder)
    try:
        yield running
    finally:
        running.stop()
