"""A broker that knows its clients by certificate, and lets them do what ACLs say."""

from pathlib import Path
from typing import Any

from registry.kafka import connection
from tests.components.certificates import Authority
from tests.components.kafka import Kafka


class Guarded:
    """One broker. Clients are `User:NAME`, by the name that their certificate has; `admin` may do everything.

    `admin`: the properties of a client that Kafka's own programs run as.
    """

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "authority")
        lines = {
            **self._tls("broker", "IP:127.0.0.1"),
            "ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS;User:broker;User:admin",  # ANONYMOUS: the controllers' own listener
        }
        self.admin = folder / "admin.properties"
        self.admin.write_text("security.protocol=SSL\n" + _lines(self._tls("admin", "DNS:admin")))
        self.kafka = Kafka(folder / "cluster", extra=_lines(lines), protocol="SSL")

    def _tls(self, who: str, name: str) -> dict[str, Any]:
        stores = {"keystore": self.authority.certificate(name, subject=who), "truststore": self.authority.trust_store}
        types = {f"ssl.{store}.type": "PEM" for store in stores}
        return {**types, **{f"ssl.{store}.location": file for store, file in stores.items()}}

    def files(self, who: str) -> dict[str, Path]:
        """What a client of this name is told."""
        return {"ca": self.authority.trust_store, "certificate": self.authority.certificate(f"DNS:{who}", subject=who)}

    def reach(self, who: str) -> dict[str, Any]:
        """What a client of this name is made with."""
        return connection(self.kafka.bootstrap, "SSL", **self.files(who))  # type: ignore[arg-type]


def _lines(settings: dict[str, Any]) -> str:
    return "".join(f"{key}={value}\n" for key, value in settings.items())
