"""Envoy by its files: an Envoy 1.40 whose bootstrap follows them in a folder (see `gemensam-subscriber bootstrap`).

Each write is an atomic rename, and the admin address tells when Envoy has loaded it.
"""

from pathlib import Path

from subscribers.adapters.envoy_admin import EnvoyAdmin
from subscribers.adapters.envoy_files import EnvoyFiles
from subscribers.adapters.envoy_gateway import EnvoyGateway
from subscribers.adapters.gateway import TRUST_STORE


class EnvoyAdapter(EnvoyGateway):
    """`directory`: where the files are; `gateway`: base URL of the gateway; `admin`: host:port of its admin address.

    `trust_store`: a file with the certificates that prove upstreams (as Envoy sees it) and a gateway called by https.
    """

    def __init__(self, *, directory: str, gateway: str, admin: str, trust_store: str = TRUST_STORE) -> None:
        super().__init__("envoy", gateway, trust_store, EnvoyFiles(Path(directory)), EnvoyAdmin(admin))
