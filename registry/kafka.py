"""How the registry and its subscribers reach Kafka: by TLS, unless it is on this machine or one says otherwise."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

from registry.loopback import is_loopback_host


def connection(
    bootstrap: str,
    security: str,
    *,
    allow_plaintext: bool = False,
    ca: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    user: str = "",
    password: str = "",
) -> dict[str, Any]:
    """What every Kafka client is made with. Errors: ValueError that says what would be right."""
    if security == "PLAINTEXT":
        if not allow_plaintext and not all(_is_loopback(each) for each in bootstrap.split(",")):
            raise ValueError(
                f"Kafka at {bootstrap} would be spoken to without TLS: choose the security SSL or SASL_SSL,"
                " or allow plain text, for a network of your own."
            )
        return {"bootstrap_servers": bootstrap}
    context = ssl.create_default_context(cafile=str(ca) if ca else None)
    if certificate:
        context.load_cert_chain(certificate, key)
    options: dict[str, Any] = {"bootstrap_servers": bootstrap, "security_protocol": security, "ssl_context": context}
    if security == "SASL_SSL":
        if not user or not password:
            raise ValueError("The security SASL_SSL needs a user and a password.")
        options |= {"sasl_mechanism": "SCRAM-SHA-512", "sasl_plain_username": user, "sasl_plain_password": password}
    return options


def _is_loopback(address: str) -> bool:
    return is_loopback_host(address.strip().rpartition(":")[0])


def heed_cancellation() -> None:
    """End the task if it was told to end: in some of its waits, its stop for one, the client keeps that to itself."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
