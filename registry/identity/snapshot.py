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
from registry.identity.discovery import Discovered
from registry.identity.jwks import Keys
from registry.identity.login import Provider
from registry.identity.people import People

SECRET_CHARACTERS = 1000
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
    people: People
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
        people=People([_provider(each, before, ticks) for each in found.people], deny),
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
    authority, context = _reached(settings.ca)
    source = (settings.jwks, authority)
    if known is not None and known.keys.source == source:
        return tokens.Issuer(settings, known.keys)
    return tokens.Issuer(settings, Keys(settings.id, source, context, ticks))


def _provider(settings: configuration.PeopleIssuer, before: Snapshot | None, ticks: Ticks) -> Provider:
    """With what it told before, when it is still the same one."""
    authority, context = _reached(settings.ca)
    known = before.people.providers.get(settings.id) if before else None
    source = (settings.issuer, authority)
    if known is not None and (known.discovered.name, known.discovered.authority) == source:
        return Provider(settings, _secret(settings.client_secret_file), known.discovered)
    return Provider(settings, _secret(settings.client_secret_file), Discovered(settings.id, source, context, ticks))


def _secret(file: Path | None) -> str:
    """The one line of a file; '' without one."""
    try:
        text = file.read_text("ascii").strip() if file else ""
    except (OSError, UnicodeDecodeError):
        text = ""
    if file and not (text.isprintable() and 1 <= len(text) <= SECRET_CHARACTERS):
        raise invalid(file, "client_secret_file", f"must be one line of 1 to {SECRET_CHARACTERS} ASCII characters")
    return text


def _reached(ca: Path | None) -> tuple[bytes, ssl.SSLContext]:
    """The authorities in a file, or those of the system, and how an issuer of theirs is reached."""
    try:
        authority = ca.read_bytes() if ca else b""
        return authority, ssl.create_default_context(cadata=authority.decode("ascii") or None)
    except (OSError, UnicodeDecodeError, ssl.SSLError) as error:
        raise invalid(ca or Path(), "ca", f"cannot be read as certificates in PEM: {error}") from None


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
