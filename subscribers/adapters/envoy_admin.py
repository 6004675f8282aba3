"""Envoy's own word on which version of each file it runs on, and how often it refused one."""

import ssl
from typing import Any

import httpx

from subscribers.adapter import AdapterError
from subscribers.adapters.envoy_config import ROUTE_CONFIG
from subscribers.adapters.envoy_files import CLUSTERS, ROUTES

CALL_SECONDS = 5.0
# The listener's stat prefix is the operator's affair, so it may be any.
_STATS = {CLUSTERS: r"cluster_manager\.cds", ROUTES: rf"http\..+\.rds\.{ROUTE_CONFIG}"}


class EnvoyAdmin:
    """The admin address, host:port. Errors of every call: AdapterError TARGET_UNAVAILABLE."""

    def __init__(self, address: str) -> None:
        self._url = f"http://{address}"
        unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # or the client reads a bundle of certificates
        self._client = httpx.Client(timeout=CALL_SECONDS, trust_env=False, verify=unused)

    def version(self, name: str) -> str:
        """The version of the file that Envoy runs on; '' for none."""
        return str(self._stat(name, "version_text", {"type": "TextReadouts"}) or "")

    def rejected(self, name: str) -> int:
        """How many versions of the file it has refused."""
        return int(self._stat(name, "update_rejected", {"type": "Counters", "usedonly": ""}) or 0)

    def reason(self, _name: str) -> str:
        """Why it refused the last one: that is not told here."""
        return "its log says why."

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def _stat(self, name: str, stat: str, narrow: dict[str, str]) -> Any:
        """One value. `narrow` keeps Envoy from looking through all that it counts: that takes long with many routes."""
        query = {"filter": rf"^{_STATS[name]}\.{stat}$", "format": "json", **narrow}
        try:
            found = self._client.get(f"{self._url}/stats", params=query).json()["stats"]
            return next((each["value"] for each in found if each.get("name")), "")
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise AdapterError(
                "TARGET_UNAVAILABLE", f"Envoy does not answer at its admin address {self._url}."
            ) from error
