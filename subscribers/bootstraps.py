"""A whole configuration for a gateway of each product: to begin with, and to see what an operator's own must have."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from subscribers.adapters import caddy_config, envoy_config, haproxy_config, nginx_config
from subscribers.adapters.envoy_files import EnvoyFiles
from subscribers.adapters.marked import MarkedFiles

SERVER = "srv0"
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the gateway finds the adapter's files or the subscriber, where it listens, and where it may write."""

    directory: Path
    listen: Address
    grpc: Address
    admin: Address
    xds: Address

    @property
    def state(self) -> Path:
        """For sockets, logs and what is on its way."""
        return self.directory / "state"


def bootstrap(kind: str, places: Places) -> str:
    """The configuration. Makes the files that the gateway must find when it starts. Errors: AdapterError, OSError."""
    return KINDS[kind](places)


def _envoy(places: Places) -> str:
    EnvoyFiles(places.directory).prepare()
    return _json(envoy_config.bootstrap(str(places.directory), places.listen, places.admin))


def _envoy_xds(places: Places) -> str:
    EnvoyFiles(places.directory).prepare()
    return _json(envoy_config.ads_bootstrap(str(places.directory), places.listen, places.admin, places.xds))


def _nginx(places: Places) -> str:
    MarkedFiles(places.directory, nginx_config.FILES).prepare()
    places.state.mkdir(exist_ok=True)
    return nginx_config.example(str(places.directory), places.listen, places.grpc, str(places.state))


def _haproxy(places: Places) -> str:
    MarkedFiles(places.directory, haproxy_config.FILES).prepare()
    places.state.mkdir(exist_ok=True)
    return haproxy_config.example(str(places.directory), places.listen, str(places.state))


def _caddy(places: Places) -> str:
    return _json(caddy_config.example(places.listen, places.admin, SERVER))


def _json(value: object) -> str:
    return json.dumps(value, indent=2)


KINDS: Mapping[str, Callable[[Places], str]] = {
    "envoy": _envoy,
    "envoy-xds": _envoy_xds,
    "nginx": _nginx,
    "haproxy": _haproxy,
    "caddy": _caddy,
}
