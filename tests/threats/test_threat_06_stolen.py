"""Threat 6: a token in the wrong hands, of the real `oidc-provider`, over real connections."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.components.identified import ask, identified
from tests.components.issuing import Authority
from tests.components.oidc import AUDIENCE, Provider
from tests.components.trusting import World, certificates, token_refusal


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Provider]:
    running = Provider(tmp_path_factory.mktemp("oidc"), authority.server("127.0.0.1"), authority.file)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.now = lambda: datetime.now(UTC)
    return world


def told(provider: Provider, authority: Authority, **more: Any) -> dict[str, Any]:
    server = authority.server("127.0.0.1")
    entry = {"id": "oidc", "issuer": provider.issuer, "audience": AUDIENCE, "jwks": provider.jwks}
    return {
        "server": {"certificate": str(server.certificate_file), "key": str(server.key_file)},
        "certificates": [certificates(authority.file)],
        "tokens": [{**entry, "ca": str(provider.authority), **more}],
    }


async def test_threat_06_a_bound_token_is_good_with_its_own_certificate_only(
    world: World, provider: Provider, authority: Authority
) -> None:
    mine, thief = authority.organisation("2120000142"), authority.organisation("5560360793")
    trust = world.trust(**told(provider, authority))
    token = provider.token("bound", mine)
    async with identified(trust, certificates=True) as running:
        assert await ask(running, authority, mine, token) == "tokens/oidc/bound"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ask(running, authority, thief, token)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "another certificate" in (caught.value.details() or "")
    assert token not in (caught.value.details() or "")
    assert await token_refusal(trust, token) == "CREDENTIAL_NOT_BOUND", "nor without one"


async def test_threat_06_an_issuer_whose_tokens_must_be_bound_gets_no_others_through(
    world: World, provider: Provider, authority: Authority
) -> None:
    mine = authority.organisation()
    trust = world.trust(**told(provider, authority, bound="required"))
    assert await token_refusal(trust, provider.token("gateway"), mine.pem) == "CREDENTIAL_NOT_BOUND"
    assert await token_refusal(trust, provider.token("bound", mine), mine.pem) == ""


async def test_threat_06_a_token_is_good_for_minutes_and_no_longer(
    world: World, provider: Provider, authority: Authority
) -> None:
    token, begun = provider.token(), datetime.now(UTC)
    trust = world.trust(**told(provider, authority))
    assert await token_refusal(trust, token) == ""
    world.now = lambda: begun + timedelta(seconds=300 + 62)
    assert await token_refusal(trust, token) == "CREDENTIAL_EXPIRED", "though it was remembered"
    world.now = lambda: datetime.now(UTC)
    short = World(world.folder / "short")
    short.now = world.now
    assert await token_refusal(short.trust(**told(provider, authority, lifetime_seconds=200)), token) == (
        "CREDENTIAL_INVALID"
    )


async def test_threat_06_without_a_certificate_a_token_that_is_not_bound_gets_in_where_none_is_asked_for(
    world: World, provider: Provider, authority: Authority
) -> None:
    trust = world.trust(**told(provider, authority))
    async with identified(trust, certificates=False) as running:
        assert await ask(running, authority, token=provider.token()) == "tokens/oidc/gateway"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ask(running, authority)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_threat_07_the_real_issuer_changes_its_key_and_goes_away(
    world: World, provider: Provider, authority: Authority
) -> None:
    trust = world.trust(**told(provider, authority))
    old = provider.token()
    assert await token_refusal(trust, old) == ""
    provider.stop()
    world.seconds += 3600
    assert await token_refusal(trust, old) == "", "known keys go on"
    provider.start()
    new = provider.token()
    world.seconds += 61
    assert await token_refusal(trust, new) == ""
    assert await token_refusal(trust, old) == "CREDENTIAL_INVALID", "the key that is gone is gone"
