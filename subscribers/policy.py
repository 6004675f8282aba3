"""The receiving body's own word on what may reach its gateway: the boundary that no provider and no registry can move.

The registry is a remote control for other people's gateways. So everything it says is checked here again: names,
providers, hosts, ports and every address that a host resolves to.
"""

import fnmatch
import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from registry.api.v1.release_pb2 import Release
from registry.evidence import releases
from registry.evidence.notes import Unproven, Verifier, read_verifier
from subscribers.adapter import Upstream

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Host = Annotated[str, StringConstraints(to_lower=True, min_length=1)]
Resolve = Callable[[str], Sequence[str]]
_USUAL_PORT = {"http": 80, "https": 443, "grpc": 80, "grpcs": 443}
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*", re.ASCII)
_NUMBER = re.compile(r"(?:\d+|0x[0-9a-f]*)", re.ASCII)
# One form of URL, read by nothing but this pattern: two programs that read one URL differently are how guards are
# passed. Of a path, only letters outside ASCII and the space may be percent-encoded.
_URL = re.compile(
    r"(?P<scheme>https?|grpcs?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>\d{1,5}))?"
    r"(?P<path>(?:/(?:[a-z0-9._~!$&'()*+,;=:@-]|%(?:20|[89a-f][0-9a-f]))*)*)",
    re.ASCII | re.IGNORECASE,
)
_URL_CHARACTERS = 2048
_UNICAST = ipaddress.ip_network("2000::/3")
# Global by their numbers, but they lead elsewhere: 6to4 and its relays, Teredo, protocol assignments.
_DETOURS: tuple[IpNetwork, ...] = tuple(
    ipaddress.ip_network(each) for each in ("2002::/16", "192.88.99.0/24", "2001::/32", "192.0.0.0/24")
)


class Refused(Exception):
    """The policy says no. `reason` is for machines."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


class Unresolved(Exception):
    """The host has no address just now: nothing was judged."""


def _public_key(text: str) -> str:
    try:
        return str(read_verifier(text))
    except Unproven as error:
        raise ValueError(str(error)) from None


PublicKey = Annotated[str, AfterValidator(_public_key)]


class Policy(BaseModel):
    """What may be onboarded. Everything that is not listed is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    organisations: tuple[str, ...] = Field(min_length=1)  # providers, as names or patterns: organisations/*
    hosts: tuple[Host, ...] = Field(min_length=1)  # hosts, as names or patterns: *.sundsvall.se; IPv6 without brackets
    ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = (443,)
    plain_text: bool = False  # whether http and grpc without TLS may be routed to
    private_ranges: tuple[IpNetwork, ...] = ()  # networks inside which addresses are taken though not global
    # required: only releases that a publisher's key has signed; accepted: also those that name none of these keys
    signatures: Literal["required", "accepted", "ignored"] = "accepted"
    publishers: dict[str, tuple[PublicKey, ...]] = Field(default_factory=dict)  # public keys by provider's name

    def check_signed(self, provider: str, release: Release, name: str) -> None:
        """Judge who has signed the release of that name. Errors: Refused."""
        if self.signatures == "ignored":
            return
        right, wrong = releases.signers(release, self._keys(provider), name)
        if wrong:
            text = f"the signature of {wrong[0]} is not of this release: it was altered, or signed by another key"
            raise Refused("POLICY_SIGNATURE_INVALID", text)
        if right or self.signatures == "accepted":
            return
        if not release.signatures:
            raise Refused("POLICY_SIGNATURE_MISSING", "the release is not signed; the policy's signatures are required")
        text = f"none of the policy's keys for {provider[:200]} has signed the release"
        raise Refused("POLICY_SIGNATURE_UNTRUSTED", text)

    def _keys(self, provider: str) -> list[Verifier]:
        return [read_verifier(each) for each in self.publishers.get(provider, ())]

    def place(self, provider: str, url: str) -> Upstream:
        """Where the URL leads, judged as far as can be told without looking its host up. Errors: Refused."""
        if not _matches(provider, self.organisations):
            raise Refused("PROVIDER_NOT_ALLOWED", f"{provider[:200]} is not among the policy's organisations")
        return self._place(url)

    def judge(self, provider: str, url: str, resolve: Resolve) -> Upstream:
        """Where the URL leads, with every address judged. Errors: Refused; Unresolved."""
        return self._addressed(self.place(provider, url), resolve)

    def judge_own(self, url: str, resolve: Resolve) -> Upstream:
        """The same of a URL that is the body's own word and no provider's. Errors: Refused; Unresolved."""
        return self._addressed(self._place(url), resolve)

    def _place(self, url: str) -> Upstream:
        upstream = _parsed(url)
        host, port = upstream.host, upstream.port
        if not upstream.secure and not self.plain_text:
            text = f"{upstream.scheme}://{host} is without TLS; the policy's plain_text is false"
            raise Refused("PLAIN_TEXT_NOT_ALLOWED", text)
        if not _matches(host, self.hosts):
            raise Refused("HOST_NOT_ALLOWED", f"{host} is not among the policy's hosts")
        if port not in self.ports:
            raise Refused("PORT_NOT_ALLOWED", f"port {port} of {host} is not among the policy's ports")
        return upstream

    def _addressed(self, upstream: Upstream, resolve: Resolve) -> Upstream:
        host = upstream.host
        addresses = {self._judged(host, each) for each in ([host] if is_address(host) else resolve(host))}
        if not addresses:
            raise Unresolved(f"{host} has no address now")
        return replace(upstream, addresses=tuple(sorted(addresses)))

    def _judged(self, host: str, text: str) -> str:
        address = _plain(ipaddress.ip_address(text))
        if not _is_public(address) and not any(address in network for network in self.private_ranges):
            words = f"{host} leads to {address}, which is not a global address; the policy's private_ranges lack it"
            raise Refused("ADDRESS_NOT_ALLOWED", words)
        return str(address)


class NoPolicy(Policy):
    """Lets through whatever can be read, and looks nothing up: for files that others will judge, never for a runner."""

    organisations: tuple[str, ...] = ("*",)
    hosts: tuple[Host, ...] = ("*",)
    signatures: Literal["required", "accepted", "ignored"] = "ignored"

    def place(self, provider: str, url: str) -> Upstream:  # noqa: ARG002 - every provider is right
        """Where the URL leads. Errors: Refused for one that cannot be read."""
        return _parsed(url)

    def judge(self, provider: str, url: str, resolve: Resolve) -> Upstream:  # noqa: ARG002 - nothing is looked up
        """The same, without addresses."""
        return self.place(provider, url)


def load(path: Path) -> Policy:
    """The policy in a YAML file. Errors: ValueError that names the file and what would be right."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Policy.model_validate(content)
    except FileNotFoundError:
        text = f"{path} is missing: without a policy nothing may be onboarded. `gemensam-subscriber init` writes one."
        raise ValueError(text) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise ValueError(f"{path}: {error}") from None


def is_address(host: str) -> bool:
    """Whether a host is an IP address, and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _parsed(url: str) -> Upstream:
    parts = _URL.fullmatch(url) if len(url) <= _URL_CHARACTERS else None
    if parts is None:
        raise Refused("URL_REFUSED", "the endpoint must be scheme://host:port/path, without user, query and fragment")
    scheme, host, path = parts["scheme"].lower(), _host(parts["host"].lower()), parts["path"].rstrip("/")
    port = int(parts["port"] or _USUAL_PORT[scheme])
    if not host or not 1 <= port <= 65535:  # noqa: PLR2004 - what TCP has
        words = "the endpoint's host must be a name, or an address in its usual form, and its port from 1 to 65535"
        raise Refused("URL_REFUSED", words)
    if any(part in {"", ".", ".."} for part in path.split("/")[1:]):
        raise Refused("URL_REFUSED", "the endpoint's path has parts that a gateway could misread")
    return Upstream(scheme, host, port, path)


def _host(text: str) -> str:
    """The host in its one form; '' when it has none. What ends in a number is an address or nothing: 127.1, 0x7f.1."""
    if text.startswith("["):
        bare = text[1:-1]
        return str(_plain(ipaddress.ip_address(bare))) if ":" in bare and is_address(bare) else ""
    name = text.removesuffix(".")
    if is_address(name):
        return name
    return name if _NAME.fullmatch(name) and not _NUMBER.fullmatch(name.rpartition(".")[2]) else ""


def _plain(address: IpAddress) -> IpAddress:
    """An IPv4 address that is written as IPv6 is that IPv4 address."""
    return getattr(address, "ipv4_mapped", None) or address


def _is_public(address: IpAddress) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _DETOURS)


def _matches(text: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)
