"""Threat 4: a certificate that was taken back, by its issuer's list or by the registry's own, without a restart."""

import asyncio
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.api.v1 import access_service_pb2 as access_pb2
from registry.app import running
from registry.errors import Invalid
from registry.identity import trust as trusting
from registry.identity.trust import Trust
from registry.rpc.doorkeeper import KEPT_SECONDS
from registry.settings import Settings
from tests.components.identified import ask, identified
from tests.components.issuing import DAY, NOW, Authority, Issued
from tests.components.minting import key_server, mint, new_key
from tests.components.trusting import World, certificates, refusal, token_refusal, tokens
from tests.integration.api import Api, reason


def told(authority: Authority, *lists: Path, stale: str = "refuse") -> list[object]:
    return [certificates(authority.file, crl=[str(each) for each in lists], stale_crl=stale)]


def refused(trust: Trust, shown: Issued) -> str:
    return refusal(lambda: trust.certificate(shown.pem))


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_threat_04_what_its_issuer_revoked_is_refused(world: World, authority: Authority, encoding: Encoding) -> None:
    good, bad = authority.organisation(), authority.organisation()
    trust = world.trust(certificates=told(authority, authority.revocations(bad, encoding=encoding)))
    assert (refused(trust, good), refused(trust, bad)) == ("", "CREDENTIAL_REVOKED")


async def test_threat_04_a_new_list_counts_at_the_next_look_over_a_connection_too(
    world: World, authority: Authority
) -> None:
    server, shown = authority.server("127.0.0.1"), authority.organisation()
    listed = authority.revocations()
    files = {"certificate": str(server.certificate_file), "key": str(server.key_file)}
    trust = world.trust(server=files, certificates=told(authority, listed))
    async with identified(trust, certificates=True) as running:
        assert await ask(running, authority, shown) == "certificates/test/2120000142"
        authority.revocations(shown)
        trust.refresh()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ask(running, authority, shown)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "revoked" in (caught.value.details() or "")


def test_threat_04_without_a_list_of_today_nobody_is_let_in_unless_that_was_chosen(
    world: World, authority: Authority
) -> None:
    shown, bad = authority.organisation(), authority.organisation()
    listed = authority.revocations(bad, next_update=NOW + timedelta(hours=1))
    strict = world.trust(certificates=told(authority, listed))
    lenient = World(world.folder / "lenient").trust(certificates=told(authority, listed, stale="accept"))
    assert refused(strict, shown) == ""
    world.now = lambda: NOW + timedelta(hours=2)
    assert refused(strict, shown) == "REVOCATION_UNKNOWN", "and what was remembered is forgotten"
    assert refused(lenient, shown) == ""
    assert refused(lenient, bad) == "CREDENTIAL_REVOKED", "an old list still says who was taken back"


def test_threat_04_an_issuer_without_a_list_of_its_own_is_not_covered_by_that_of_another(
    world: World, authority: Authority
) -> None:
    below = Authority(authority.file.parent / "below", "below", authority)
    entry = certificates(
        authority.file, intermediates=str(below.file), crl=[str(authority.revocations(name="above.crl"))]
    )
    trust = world.trust(certificates=[entry])
    assert refused(trust, below.organisation()) == "REVOCATION_UNKNOWN"
    entry["crl"].append(str(below.revocations(name="below.crl")))
    world.write(certificates=[entry])
    trust.refresh()
    assert refused(trust, below.organisation()) == ""


def test_threat_04_an_authority_that_was_revoked_takes_its_certificates_with_it(
    world: World, authority: Authority
) -> None:
    below = Authority(authority.file.parent / "below", "below", authority)
    lists = [below.revocations(name="below.crl"), authority.revocations(below, name="above.crl")]  # type: ignore[arg-type]
    entry = certificates(authority.file, intermediates=str(below.file), crl=[str(each) for each in lists])
    assert refused(world.trust(certificates=[entry]), below.organisation()) == "CREDENTIAL_REVOKED"


def test_threat_04_a_list_of_a_stranger_is_no_list(world: World, authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger")
    with pytest.raises(Invalid, match="signed by none of the authorities"):
        world.trust(certificates=told(authority, stranger.revocations()))


def test_threat_04_the_deny_list_counts_at_the_next_look(world: World, authority: Authority) -> None:
    shown = {name: authority.organisation(number) for name, number in _NUMBERS.items()}
    deny = world.folder / "deny.txt"
    deny.write_text("# nobody\n")
    trust = world.trust(certificates=[certificates(authority.file)], deny=str(deny))
    assert {name: refused(trust, each) for name, each in shown.items()} == dict.fromkeys(_NUMBERS, "")
    lines = [
        f"{shown['fingerprint'].fingerprint.upper()}  # as browsers show it, without colons",
        f"test {shown['serial'].certificate.serial_number:X}",
        "certificates/test/2321000016",
    ]
    deny.write_text("\n".join(lines) + "\n")
    trust.refresh()
    found = {name: refused(trust, each) for name, each in shown.items()}
    assert found == {**dict.fromkeys(_NUMBERS, "CREDENTIAL_REVOKED"), "nobody": ""}


_NUMBERS = {"fingerprint": "2120000142", "serial": "2120000142", "principal": "2321000016", "nobody": "5560360793"}


async def test_threat_04_who_was_let_in_a_moment_ago_is_refused_as_soon_as_the_list_is_read(
    world: World, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trusting, "LOOK_SECONDS", 0.05)
    server, shown, deny = authority.server("127.0.0.1"), authority.organisation(), world.folder / "deny.txt"
    deny.write_text("# nobody\n")
    files = {"certificate": str(server.certificate_file), "key": str(server.key_file)}
    world.write(server=files, certificates=[certificates(authority.file)], deny=str(deny))
    settings = Settings(
        data=world.folder / "data", grpc_address="127.0.0.1:0", certificate_address="localhost:0", web_address="",
        trust=world.file,
    )  # fmt: skip
    proof = grpc.ssl_channel_credentials(authority.certificate_pem, shown.key_file.read_bytes(), shown.pem)
    async with (
        running(settings) as registry,
        grpc.aio.secure_channel(registry.certificate_address.replace("localhost", "127.0.0.1"), proof) as channel,
    ):
        api = Api(channel)
        me = await api.access.GetCaller(access_pb2.GetCallerRequest())
        assert me.principal == "certificates/test/2120000142"
        deny.write_text(f"{me.principal}\n")
        async with asyncio.timeout(KEPT_SECONDS / 2):
            while not (why := await turned_away(api)):
                await asyncio.sleep(0.05)
        assert why == "CREDENTIAL_REVOKED"


async def turned_away(api: Api) -> str:
    """Why the caller is not let in; '' when it is."""
    try:
        await api.access.GetCaller(access_pb2.GetCallerRequest())
    except grpc.aio.AioRpcError as error:
        return reason(error)[1]
    return ""


def test_threat_04_a_list_that_cannot_be_read_leaves_the_old_one_in_force(world: World, authority: Authority) -> None:
    bad = authority.organisation()
    listed = authority.revocations(bad)
    trust = world.trust(certificates=told(authority, listed))
    listed.write_bytes(b"-----BEGIN X509 CRL-----\nAAAA")
    trust.refresh()
    assert refused(trust, bad) == "CREDENTIAL_REVOKED"
    listed.unlink()
    trust.refresh()
    assert refused(trust, bad) == "CREDENTIAL_REVOKED"
    authority.revocations()
    trust.refresh()
    assert refused(trust, bad) == "", "what is right again is taken"


async def test_threat_04_a_token_does_not_help_a_revoked_certificate(world: World, authority: Authority) -> None:
    key, bad, good = new_key(), authority.organisation(), authority.organisation()
    with key_server(key) as keys:
        trust = world.trust(certificates=told(authority, authority.revocations(bad)), tokens=[tokens(keys.url)])
        assert await token_refusal(trust, mint(key), good.pem) == ""
        assert await token_refusal(trust, mint(key), bad.pem) == "CREDENTIAL_REVOKED"


def test_threat_04_time_is_the_registrys_own(world: World, authority: Authority) -> None:
    trust = world.trust(certificates=[certificates(authority.file)])
    shown = authority.organisation(valid=(NOW - DAY, NOW + DAY))
    late, early = authority.organisation(valid=(NOW - 2 * DAY, NOW - DAY)), NOW - 2 * DAY
    assert (refused(trust, shown), refused(trust, late)) == ("", "CREDENTIAL_EXPIRED")
    for moved in (NOW + 2 * DAY, early):
        world.now = lambda at=moved: at  # type: ignore[misc]
        assert refused(trust, shown) == "CREDENTIAL_EXPIRED"
