"""Envoy by xDS: the files are served on an aggregated stream (ADS), and Envoy's answers tell what it runs on.

No folder is shared with the gateway and no admin address is called: Envoy connects to the subscriber, which may so be
on another host. What it refuses (NACK) is told with its own words, and what it ran on before is published again.
"""

from pathlib import Path

from subscribers.adapters.envoy_files import EnvoyFiles
from subscribers.adapters.envoy_gateway import EnvoyGateway
from subscribers.adapters.gateway import TRUST_STORE
from subscribers.adapters.xds_plane import ControlPlane
from subscribers.adapters.xds_server import Listen


class EnvoyXdsAdapter(EnvoyGateway):
    """`directory`: what is published; `gateway`: base URL of the gateway; `listen`: IP address and port for Envoys.

    `certificate` and `key` of the subscriber, and `clients`, the authorities of Envoys that may connect, are PEM files:
    needed when `listen` is not loopback. `trust_store`: as Envoy sees it, and for a gateway called by https.
    """

    def __init__(
        self,
        *,
        directory: str,
        gateway: str,
        listen: str,
        certificate: str = "",
        key: str = "",
        clients: str = "",
        trust_store: str = TRUST_STORE,
    ) -> None:
        folder, listening = Path(directory), Listen.of(listen, certificate, key, clients)
        super().__init__("envoy-xds", gateway, trust_store, EnvoyFiles(folder), ControlPlane(folder, listening))
