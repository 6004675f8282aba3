"""Everything that is trusted at one moment: built from the files whole, or not at all."""

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry.identity import configuration, issuers, revocation, tokens
from registry.identity.configuration import Configuration, invalid
from registry.identity.jwks import Keys

Ticks = Callable[[], float]
Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Serving:
    """How the registry is known itself, and whose certificates it lets shake hands; all in PEM.

    `client_roots`: of every issuer, with what lies between, since a client may leave that out; b'' without issuers.
    """

    certificate: bytes
    key: bytes
    client_roots: bytes
    certificate_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`verified` and `checked` remember what was proven under it, so that nothing outlives a change."""

    serving: Serving | None
    certificates: issuers.Issuers
    token_issuers: Mapping[str, tokens.Issuer]
    deny: revocation.DenyList
    verified: dict[bytes, issuers.Verified] = field(default_factory=dict)
    checked: dict[bytes, tokens.Checked] = field(default_factory=dict)


def build(found: Configuration, before: Snapshot | None = None, ticks: Ticks = time.monotonic) -> Snapshot:
    """The snapshot of what the files say now; keys of token issuers that stay are kept. Errors: TRUST_INVALID."""
    deny = revocation.load_deny(found.deny) if found.deny else revocation.DenyList()
    trusted = [issuers.Issuer.load(each) for each in found.certificates]
    _apart(trusted)
    known = dict(before.token_issuers) if before else {}
    return Snapshot(
        serving=_serving(found.server, trusted) if found.server else None,
        certificates=issuers.Issuers(trusted, deny),
        token_issuers={each.issuer: _token_issuer(each, known.get(each.issuer), ticks) for each in found.tokens},
        deny=deny,
    )


def stamps(files: Iterable[Path]) -> dict[Path, Stamp]:
    """What tells that a file was written or replaced."""
    return {each: _stamp(each) for each in files}


def _stamp(file: Path) -> Stamp:
    try:
        said = file.stat()
    except OSError:
        return (0, 0, 0)
    return (said.st_mtime_ns, said.st_size, said.st_ino)


def _apart(trusted: list[issuers.Issuer]) -> None:
    """One root with two profiles would leave open which field is believed."""
    seen: dict[bytes, str] = {}
    for issuer in trusted:
        for root in issuer.roots:
            key = root.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            if (other := seen.setdefault(key, issuer.settings.id)) != issuer.settings.id:
                raise invalid(issuer.settings.ca, "ca", f"has a root that {other} has too; each root has one issuer")


def _token_issuer(settings: configuration.TokenIssuer, known: tokens.Issuer | None, ticks: Ticks) -> tokens.Issuer:
    authority = b""
    try:
        authority = settings.ca.read_bytes() if settings.ca else b""
        context = ssl.create_default_context(cadata=authority.decode("ascii") or None)
    except (OSError, UnicodeDecodeError, ssl.SSLError) as error:
        raise invalid(settings.ca or Path(), "ca", f"cannot be read as certificates in PEM: {error}") from None
    source = (settings.jwks, authority)
    if known is not None and known.keys.source == source:
        return tokens.Issuer(settings, known.keys)
    return tokens.Issuer(settings, Keys(settings.id, source, context, ticks))


def _serving(settings: configuration.Server, trusted: list[issuers.Issuer]) -> Serving:
    chain = issuers.certificates(settings.certificate, "server.certificate")
    try:
        key = settings.key.read_bytes()
        public = serialization.load_pem_private_key(key, None).public_key()
    except (OSError, ValueError, TypeError) as error:
        raise invalid(
            settings.key, "server.key", f"cannot be read as a key in PEM without a password: {error}"
        ) from None
    if public != chain[0].public_key():
        raise invalid(settings.key, "server.key", "is of another certificate than the first of `server.certificate`")
    clients = [each for issuer in trusted for each in (*issuer.roots, *issuer.between)]
    return Serving(_pem(chain), key, _pem(clients), settings.certificate, settings.key)


def _pem(found: list[x509.Certificate]) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in found)
