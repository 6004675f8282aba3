"""How programs reach the registry: by TLS unless it is on this machine, and with what proves who they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from registry.loopback import is_loopback_host

PUBLIC = Path("public")  # instead of a file: the authorities that gRPC brings along, those of the public web
SECRET_BYTES = 64 * 1024
Metadata = tuple[tuple[str, str], ...]


class Unready(ValueError):
    """What a caller is to prove itself with cannot be used so; the text says what would be right."""


@dataclass(frozen=True, slots=True)
class Reach:
    """An address, `host:port`, and what a caller has there.

    `ca`: authorities in PEM that the registry's certificate must be of, or `PUBLIC`; without one, nothing is encrypted,
    and nothing leaves this machine. `certificate` and `key`: the client's own, PEM. `token_file`: an access token, read
    again for every call. Errors: Unready.
    """

    address: str
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    token_file: Path | None = None
    api_key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.ca is None and not is_loopback(self.address):
            raise Unready(
                f"{self.address} would be called without TLS: name the authority of its certificate with GEMENSAM_CA"
                " (a file in PEM, or `public` for the public web's), or call an address of this machine."
            )
        if (self.certificate is None) != (self.key is None):
            raise Unready("A client certificate and its key go together: GEMENSAM_CERTIFICATE and GEMENSAM_KEY.")
        if self.certificate and self.ca is None:
            raise Unready("A client certificate is shown by TLS only: name the registry's authority, GEMENSAM_CA.")
        if self.token_file and self.api_key:
            raise Unready("A call has one token: set GEMENSAM_TOKEN_FILE or GEMENSAM_API_KEY, and not both.")

    def channel(self, options: Sequence[tuple[str, Any]]) -> grpc.Channel:
        """A channel whose every call proves who makes it. Errors: Unready for a file that cannot be read."""
        channel = (
            grpc.secure_channel(self.address, self._credentials(), options)
            if self.ca
            else grpc.insecure_channel(self.address, [*options, _DIRECT])
        )
        return grpc.intercept_channel(channel, _Proving(self.authorization))

    def aio_channel(self, options: Sequence[tuple[str, Any]]) -> grpc.aio.Channel:
        """A channel for asyncio, whose callers add `authorization` themselves. Errors: as `channel`."""
        if self.ca:
            return grpc.aio.secure_channel(self.address, self._credentials(), options)
        return grpc.aio.insecure_channel(self.address, [*options, _DIRECT])

    def authorization(self) -> Metadata:
        """Metadata of a call: the token as it is now, the API key, or nothing. Errors: Unready, without its content."""
        secret = _secret(self.token_file, "GEMENSAM_TOKEN_FILE") if self.token_file else self.api_key
        if not secret:
            return ()
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise Unready(f"{self.token_file or 'GEMENSAM_API_KEY'} holds something else than one token.")
        return (("authorization", f"Bearer {secret}"),)

    def _credentials(self) -> grpc.ChannelCredentials:
        roots = None if self.ca in {None, PUBLIC} else _read(self.ca, "GEMENSAM_CA")
        if self.certificate is None:
            return grpc.ssl_channel_credentials(roots)
        key, chain = _read(self.key, "GEMENSAM_KEY"), _read(self.certificate, "GEMENSAM_CERTIFICATE")
        return grpc.ssl_channel_credentials(roots, key, chain)


class Credentials(BaseSettings):
    """What the environment says of a caller: GEMENSAM_CA, _CERTIFICATE, _KEY, _TOKEN_FILE, _API_KEY; empty is none."""

    model_config = SettingsConfigDict(env_prefix="GEMENSAM_", extra="ignore", env_ignore_empty=True)

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    token_file: Path | None = None
    api_key: SecretStr = SecretStr("")

    def reach(self, address: str) -> Reach:
        """The same for an address. Errors: Unready."""
        key = self.api_key.get_secret_value()
        return Reach(address, self.ca, self.certificate, self.key, self.token_file, key)


# A proxy that the environment names is not on this machine.
_DIRECT = ("grpc.enable_http_proxy", 0)


def is_loopback(address: str) -> bool:
    """Whether what is sent there stays on this machine."""
    if address.startswith("unix:"):
        return True
    return is_loopback_host(address.removeprefix("dns:///").rpartition(":")[0].lower())


def _read(file: Path | None, setting: str) -> bytes:
    try:
        return file.read_bytes() if file else b""
    except OSError as error:
        raise Unready(f"{setting}: {file} cannot be read: {error.strerror}.") from None


def _secret(file: Path, setting: str) -> str:
    data = _read(file, setting)
    text = data[:SECRET_BYTES].decode("ascii", errors="replace").strip()
    if not text:
        raise Unready(f"{setting}: {file} is empty.")
    return text


@dataclass(frozen=True)
class _Details(grpc.ClientCallDetails):
    """A call's details, with metadata added."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


class _Proving(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Adds what proves the caller to every call."""

    def __init__(self, authorization: Callable[[], Metadata]) -> None:
        self._authorization = authorization

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """One answer."""
        return continuation(self._with(client_call_details), request)

    def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """A stream of answers."""
        return continuation(self._with(client_call_details), request)

    def _with(self, details: Any) -> _Details:
        return _Details(
            details.method,
            details.timeout,
            [*(details.metadata or ()), *self._authorization()],
            details.credentials,
            details.wait_for_ready,
            details.compression,
        )
