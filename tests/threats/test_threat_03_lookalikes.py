"""Threat 3: a certificate that looks like an organisation's, and is not: by field, by issuer, by its digits."""

from pathlib import Path

import grpc
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from registry.identity.trust import Trust
from tests.components.identified import ask, identified
from tests.components.issuing import COMMON, ORGANISATION, SERIAL, Authority, Subject
from tests.components.trusting import World, certificates, refusal

NUMBER = "2120000142"
ARABIC = NUMBER.translate({ord(digit): chr(0x660 + int(digit)) for digit in "0123456789"})
ETSI = (ORGANISATION, f"NTRSE-{NUMBER}")


@pytest.fixture
def other(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "other", "other")


@pytest.fixture
def trust(tmp_path: Path, authority: Authority, other: Authority) -> Trust:
    """One issuer whose numbers stand in organizationIdentifier, and one whose stand in serialNumber."""
    told = [certificates(authority.file), certificates(other.file, id="other", number="serial_number")]
    server = authority.server("127.0.0.1")
    files = {"certificate": str(server.certificate_file), "key": str(server.key_file)}
    return World(tmp_path).trust(server=files, certificates=told)


def test_threat_03_the_number_is_read_from_the_field_of_its_issuer(
    trust: Trust, authority: Authority, other: Authority
) -> None:
    first, second = authority.organisation(NUMBER), other.issue([(SERIAL, NUMBER)])
    found = trust.certificate(first.pem)
    assert (found.principal, found.organisation_number) == (f"certificates/test/{NUMBER}", NUMBER)
    assert found.thumbprint
    assert trust.certificate(second.pem).principal == f"certificates/other/{NUMBER}"


@pytest.mark.parametrize(
    "subject",
    [
        [(COMMON, NUMBER)],
        [(COMMON, f"NTRSE-{NUMBER}")],
        [(SERIAL, NUMBER), (COMMON, "gateway")],
        [ETSI, (ORGANISATION, "NTRSE-5560360793")],
        [ETSI, ETSI],
        [(ORGANISATION, NUMBER)],
        [(ORGANISATION, f"NTRSE-{ARABIC}")],
        [(ORGANISATION, f"NTRNO-{NUMBER}")],
        [(ORGANISATION, f"VATSE-{NUMBER}01")],
        [(ORGANISATION, f"ntrse-{NUMBER}")],
        [(ORGANISATION, f"NTRSE-{NUMBER} ")],
        [(ORGANISATION, f"NTRSE-{NUMBER}\n")],
        [(ORGANISATION, f"NTRSE-NTRSE-{NUMBER}")],
        [(ORGANISATION, "NTRSE-212000-0142")],
        [(ORGANISATION, f"NTRSE-16{NUMBER}")],
        [(ORGANISATION, "NTRSE-2120000143")],
        [(ORGANISATION, "NTRSE-8112189876")],
        [(ORGANISATION, "NTRSE-")],
    ],
    ids=lambda subject: " ".join(ascii(text) for _, text in subject),
)
def test_threat_03_a_number_that_only_looks_right_proves_nobody(
    trust: Trust, authority: Authority, subject: Subject
) -> None:
    shown = authority.issue(subject)
    assert refusal(lambda: trust.certificate(shown.pem)) == "CREDENTIAL_INVALID"


def test_threat_03_the_right_field_of_the_wrong_issuer_proves_nobody(
    trust: Trust, other: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger", "root")  # of the same name as a trusted one
    for shown in (other.organisation(NUMBER), stranger.organisation(NUMBER)):
        assert refusal(lambda pem=shown.pem: trust.certificate(pem)) == "CREDENTIAL_INVALID"


def test_threat_03_what_is_made_for_servers_or_signs_others_is_no_client(trust: Trust, authority: Authority) -> None:
    server = authority.issue([ETSI], uses=[ExtendedKeyUsageOID.SERVER_AUTH])
    assert refusal(lambda: trust.certificate(server.pem)) == "CREDENTIAL_INVALID"
    assert refusal(lambda: trust.certificate(authority.certificate_pem)) == "CREDENTIAL_INVALID"


async def test_threat_03_over_a_real_connection(trust: Trust, authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger", "root")
    async with identified(trust, certificates=True) as running:
        assert await ask(running, authority, authority.organisation(NUMBER)) == f"certificates/test/{NUMBER}"
        refused = {}
        shown = {
            "by name only": authority.issue([(COMMON, NUMBER)]),
            "of a stranger": stranger.organisation(NUMBER),
            "nothing": None,
        }
        for name, each in shown.items():
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await ask(running, authority, each)
            refused[name] = caught.value.code()
    unavailable = grpc.StatusCode.UNAVAILABLE  # the handshake ends, and no call is made
    assert refused == {
        "by name only": grpc.StatusCode.UNAUTHENTICATED,
        "of a stranger": unavailable,
        "nothing": unavailable,
    }


def test_threat_03_the_nearest_issuer_is_believed(tmp_path: Path) -> None:
    """Below one root, an authority of its own: its profile counts, and not that of the root."""
    root = Authority(tmp_path / "root")
    below = Authority(tmp_path / "below", "below", root)
    told = [
        certificates(root.file, id="root", number="serial_number", intermediates=str(below.file)),
        certificates(below.file, id="below"),
    ]
    trust = World(tmp_path).trust(certificates=told)
    shown = below.issue([ETSI, (SERIAL, "5560360793")])
    assert trust.certificate(shown.pem).principal == f"certificates/below/{NUMBER}"
