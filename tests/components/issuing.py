"""Authorities of a test's own that issue what real ones do and what they never should: any subject, time, use and list."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
ORGANISATION = NameOID.ORGANIZATION_IDENTIFIER
SERIAL = NameOID.SERIAL_NUMBER
COMMON = NameOID.COMMON_NAME
Subject = Sequence[tuple[x509.ObjectIdentifier, str]]


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its key. `certificate_file` and `key_file` are where they lie."""

    certificate: x509.Certificate
    certificate_file: Path
    key_file: Path

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()


class Authority:
    """A root, or with `above` what lies between. `file` is its certificate in PEM."""

    def __init__(self, folder: Path, name: str = "root", above: "Authority | None" = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.name = folder, x509.Name([x509.NameAttribute(COMMON, f"Test {name}")])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._issued = 0
        made = _builder(self.name, (above or self).name, self._key.public_key(), (NOW - DAY, NOW + 10 * DAY))
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        made = made.add_extension(_key_usage(signs=True), critical=True)
        made = _identified(made, self._key.public_key(), above._key.public_key() if above else self._key.public_key())
        self.certificate = made.sign(above._key if above else self._key, hashes.SHA256())
        self.certificate_pem = self.certificate.public_bytes(Encoding.PEM)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate_pem)

    def issue(
        self,
        subject: Subject,
        *,
        names: Sequence[str] = (),
        valid: tuple[datetime, datetime] = (NOW - DAY, NOW + 5 * DAY),
        uses: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH,),
    ) -> Issued:
        """A certificate. `names`: of hosts, and addresses; `uses`: extended key usages."""
        key = ec.generate_private_key(ec.SECP256R1())
        whole = x509.Name([x509.NameAttribute(oid, text) for oid, text in subject])
        made = _builder(whole, self.name, key.public_key(), valid)
        made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        made = made.add_extension(_key_usage(signs=False), critical=True)
        if uses:
            made = made.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        if names:
            made = made.add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
        made = _identified(made, key.public_key(), self._key.public_key())
        return self._kept(made.sign(self._key, hashes.SHA256()), key)

    def server(self, *names: str) -> Issued:
        """A server's certificate for these names."""
        return self.issue([(COMMON, names[0])], names=names, uses=[ExtendedKeyUsageOID.SERVER_AUTH])

    def organisation(self, number: str = "2120000142", **how: object) -> Issued:
        """A client's certificate with the number in organizationIdentifier."""
        return self.issue([(ORGANISATION, f"NTRSE-{number}"), (COMMON, "gateway")], **how)  # type: ignore[arg-type]

    def revocations(
        self,
        *revoked: Issued,
        name: str = "root.crl",
        next_update: datetime = NOW + DAY,
        encoding: Encoding = Encoding.PEM,
    ) -> Path:
        """A list of revoked certificates, as a file."""
        made = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        made = made.last_update(NOW - 2 * DAY).next_update(next_update)
        for each in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(each.certificate.serial_number)
            made = made.add_revoked_certificate(entry.revocation_date(NOW - DAY).build())
        file = self._folder / name
        file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(encoding))
        return file

    def _kept(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Issued:
        self._issued += 1
        stem = self._folder / f"{self.file.stem}-{self._issued}"
        files = stem.with_suffix(".crt"), stem.with_suffix(".key")
        files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        private = serialization.PrivateFormat.PKCS8
        files[1].write_bytes(key.private_bytes(Encoding.PEM, private, serialization.NoEncryption()))
        return Issued(certificate, *files)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, valid: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return made.serial_number(x509.random_serial_number()).not_valid_before(valid[0]).not_valid_after(valid[1])


def _identified(
    made: x509.CertificateBuilder, key: ec.EllipticCurvePublicKey, above: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    return made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above), critical=False)


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
