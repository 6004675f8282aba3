"""Certificates: whose authority signed the chain decides which field of the subject is believed."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from registry.identity import Proven, configuration, numbers, refusals, revocation
from registry.identity.refusals import CERTIFICATE

PEM_BYTES = 64 * 1024  # of a certificate with its chain; real ones have some 2 KiB
DEPTH = 4  # authorities between a root and a client
# What Python's library says of a certificate that it cannot take apart.
UNREADABLE = (
    ValueError,
    TypeError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_AUTHORITY = ExtensionPolicy.webpki_defaults_ca()
# Certificates of organisations name an organisation, and often no host.
_CLIENT = ExtensionPolicy.webpki_defaults_ee().may_be_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)


@dataclass(frozen=True, slots=True)
class Verified:
    """A certificate whose chain holds between `since` and `until`. `proven`: None, and `problem` why, for nobody."""

    issuer: str
    thumbprint: str
    proven: Proven | None
    problem: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Issuer:
    """A trusted issuer with its roots, what lies between, and its lists."""

    settings: configuration.CertificateIssuer
    roots: Sequence[x509.Certificate]
    between: Sequence[x509.Certificate]
    lists: Sequence[revocation.RevocationList]

    @classmethod
    def load(cls, settings: configuration.CertificateIssuer) -> "Issuer":
        """From its files. Errors: TRUST_INVALID."""
        roots = certificates(settings.ca, "ca")
        between = certificates(settings.intermediates, "intermediates") if settings.intermediates else []
        lists = [revocation.load_list(file, [*roots, *between]) for file in settings.crl]
        return cls(settings, roots, between, lists)

    def chain(self, leaf: x509.Certificate, sent: Sequence[x509.Certificate], now: datetime) -> list[x509.Certificate]:
        """From the leaf to one of the roots; empty when none leads there."""
        policy = PolicyBuilder().store(Store(list(self.roots))).time(now).max_chain_depth(DEPTH)
        verifier = policy.extension_policies(ca_policy=_AUTHORITY, ee_policy=_CLIENT).build_client_verifier()
        try:
            return list(verifier.verify(leaf, [*self.between, *sent]).chain)
        except VerificationError:
            return []


class Issuers:
    """All trusted issuers. The nearest one whose root a chain leads to is the one that is believed."""

    def __init__(self, found: Sequence[Issuer], deny: revocation.DenyList) -> None:
        self.trusted, self._deny = found, deny

    def verified(self, pem: bytes, now: datetime) -> Verified:
        """What is proven by a certificate in PEM, with or without its chain behind it. Errors: Unauthenticated."""
        leaf, *sent = _parsed(pem)
        first, last = leaf.not_valid_before_utc, leaf.not_valid_after_utc
        if not first <= now <= last:
            raise refusals.expired(CERTIFICATE, first, last)
        issuer, chain = self._nearest(leaf, sent, now)
        thumbprint = base64url(leaf.fingerprint(SHA256()))
        proven, problem = _proven(leaf, issuer.settings, thumbprint)
        if self._deny.has(issuer.settings.id, leaf, proven):
            raise refusals.revoked(CERTIFICATE, issuer.settings.id, "the registry's deny list")
        strict = issuer.settings.stale_crl == "refuse"
        fresh = revocation.check(chain, issuer.lists, issuer.settings.id, now, strict=strict)
        until = min([each.not_valid_after_utc for each in chain] + ([fresh] if fresh else []))
        since = max(each.not_valid_before_utc for each in chain)
        return Verified(issuer.settings.id, thumbprint, proven, problem, since, until)

    def _nearest(
        self, leaf: x509.Certificate, sent: Sequence[x509.Certificate], now: datetime
    ) -> tuple[Issuer, list[x509.Certificate]]:
        chains = [(issuer, chain) for issuer in self.trusted if (chain := issuer.chain(leaf, sent, now))]
        if not chains:
            raise refusals.invalid(CERTIFICATE, "leads to no trusted issuer, or is not made for clients")
        return min(chains, key=lambda each: len(each[1]))


def _parsed(pem: bytes) -> list[x509.Certificate]:
    if len(pem) > PEM_BYTES:
        raise refusals.invalid(CERTIFICATE, f"has more than {PEM_BYTES} bytes")
    try:
        return x509.load_pem_x509_certificates(pem)
    except UNREADABLE:
        raise refusals.invalid(CERTIFICATE, "is not one in PEM") from None


def _proven(
    leaf: x509.Certificate, settings: configuration.CertificateIssuer, thumbprint: str
) -> tuple[Proven | None, str]:
    try:
        number = numbers.of_subject(leaf.subject, settings.number)
    except numbers.NoNumber as error:
        return None, str(error)
    except UNREADABLE:
        return None, "has a subject that cannot be read"
    return Proven(f"certificates/{settings.id}/{number}", number, thumbprint), ""


def certificates(file: Path, field: str) -> list[x509.Certificate]:
    """The certificates in a PEM file. Errors: TRUST_INVALID."""
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
        for each in found:
            _ = each.subject, each.not_valid_after_utc
    except (OSError, *UNREADABLE) as error:
        raise configuration.invalid(file, field, f"cannot be read as certificates in PEM: {error}") from None
    return found


def base64url(digest: bytes) -> str:
    """Without padding, as RFC 7515 has it."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
