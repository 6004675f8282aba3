"""What was taken back: the issuers' lists (CRL), and the registry's own deny list."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256

from registry.identity import Proven, refusals
from registry.identity.configuration import invalid

_PRINT = re.compile(r"[0-9a-f]{64}")
_SERIAL = re.compile(r"([a-z0-9-]+) (?:0x)?([0-9a-f]{1,40})")
_PRINCIPAL = re.compile(r"(?:certificates|tokens|people)/[a-z0-9-]+/\S+")


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list that one of the issuer's authorities signed. `signer`: that authority's subject and public key."""

    signer: x509.Certificate
    serials: frozenset[int]
    next_update: datetime | None

    def covers(self, issuer: x509.Certificate) -> bool:
        """Whether it speaks for what this authority issued."""
        return self.signer.subject == issuer.subject and self.signer.public_key() == issuer.public_key()

    def is_fresh(self, now: datetime) -> bool:
        """Whether the next one was not due yet."""
        return self.next_update is not None and now <= self.next_update


def load_list(file: Path, authorities: Iterable[x509.Certificate]) -> RevocationList:
    """The list in a file, PEM or DER, whose signature one of the authorities made. Errors: TRUST_INVALID."""
    try:
        data = file.read_bytes()
        found = x509.load_pem_x509_crl(data) if b"-----BEGIN" in data else x509.load_der_x509_crl(data)
        signer = _signer(found, authorities)
        partial = _is_partial(found)
        serials = frozenset(each.serial_number for each in found)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise invalid(file, "crl", f"cannot be read: {error}") from None
    if signer is None:
        raise invalid(file, "crl", "is signed by none of the authorities in `ca` and `intermediates`")
    if partial:
        raise invalid(file, "crl", "is a delta or an indirect list; a whole one of one authority is needed")
    return RevocationList(signer, serials, found.next_update_utc)


def _signer(found: x509.CertificateRevocationList, authorities: Iterable[x509.Certificate]) -> x509.Certificate | None:
    for each in authorities:
        if each.subject == found.issuer and found.is_signature_valid(each.public_key()):  # type: ignore[arg-type]
            return each
    return None


def _is_partial(found: x509.CertificateRevocationList) -> bool:
    for each in found.extensions:
        if isinstance(each.value, x509.IssuingDistributionPoint):
            point = each.value
            if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs:
                return True
        elif each.critical:
            return True
    return False


@dataclass(frozen=True, slots=True)
class DenyList:
    """What the registry itself refuses: SHA-256 of certificates in hex, issuers' serial numbers, and principals."""

    prints: frozenset[str] = frozenset()
    serials: frozenset[tuple[str, int]] = frozenset()
    principals: frozenset[str] = frozenset()

    def has(self, issuer: str, certificate: x509.Certificate, proven: Proven | None) -> bool:
        """Whether a certificate is on it, or who is proven by it."""
        fingerprint = certificate.fingerprint(SHA256()).hex()
        known = fingerprint in self.prints or (issuer, certificate.serial_number) in self.serials
        return known or (proven is not None and proven.principal in self.principals)


def load_deny(file: Path) -> DenyList:
    """One entry a line, `#` begins a comment: a fingerprint, `{issuer id} {serial}` in hex, or a principal.

    Errors: TRUST_INVALID with the line.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise invalid(file, "deny", f"cannot be read: {error}") from None
    prints, serials, principals = set(), set(), set()
    for number, line in enumerate(lines, 1):
        entry = line.partition("#")[0].strip()
        bare = entry.lower().replace(":", "")
        if _PRINCIPAL.fullmatch(entry):
            principals.add(entry)
        elif _PRINT.fullmatch(bare):
            prints.add(bare)
        elif found := _SERIAL.fullmatch(bare):
            serials.add((found[1], int(found[2], 16)))
        elif entry:
            problem = f"line {number} is neither a SHA-256 fingerprint, `issuer-id serial` in hex, nor a principal"
            raise invalid(file, "deny", problem)
    return DenyList(frozenset(prints), frozenset(serials), frozenset(principals))


def check(
    chain: Sequence[x509.Certificate], lists: Sequence[RevocationList], issuer: str, now: datetime, *, strict: bool
) -> datetime | None:
    """Until when the chain is known not to be revoked (None: for as long as the lists stay). Errors: Unauthenticated.

    With `strict`, where there are lists, the first certificate must be on record in one of today, and so must every
    other that a list speaks for.
    """
    until: datetime | None = None
    for position, (each, authority) in enumerate(pairwise(chain)):
        covering = [one for one in lists if one.covers(authority)]
        if any(each.serial_number in one.serials for one in covering):
            raise refusals.revoked(refusals.CERTIFICATE, issuer, "its issuer's list")
        if not strict or not (covering or position == 0):
            continue
        fresh = [one.next_update for one in covering if one.next_update and one.is_fresh(now)]
        if lists and not fresh:
            raise refusals.unknown_revocation(issuer)
        until = min([*fresh, *([until] if until else [])], default=None)
    return until
