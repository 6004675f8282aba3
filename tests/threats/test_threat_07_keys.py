"""Threat 7: the keys of an issuer, when they are asked for too often, changed, poisoned, or not to be had."""

import asyncio
import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.identity import fetched, jwks
from registry.identity.trust import Trust
from tests.components.issuing import Authority
from tests.components.minting import KeyServer, key_server, mint, new_key
from tests.components.trusting import World, token_refusal, tokens

KEY, NEXT = new_key("one"), new_key("two")


@pytest.fixture
def keys() -> Iterator[KeyServer]:
    with key_server(KEY) as told:
        yield told


@pytest.fixture
def trust(world: World, keys: KeyServer) -> Trust:
    return world.trust(tokens=[tokens(keys.url)])


def own(trust: Trust) -> jwks.Keys:
    return next(iter(trust._now.token_issuers.values())).keys


async def test_threat_07_a_flood_of_unknown_keys_fetches_once_a_minute(
    world: World, trust: Trust, keys: KeyServer
) -> None:
    assert await token_refusal(trust, mint(KEY)) == ""
    assert keys.fetches == 1
    world.seconds += 61
    flood = [mint(NEXT, {"kid": f"unknown-{number}"}) for number in range(50)]
    found = await asyncio.gather(*(token_refusal(trust, each) for each in flood))
    assert set(found) == {"CREDENTIAL_INVALID"}
    assert keys.fetches == 2
    world.seconds += 59
    assert await token_refusal(trust, mint(NEXT, {"kid": "two"})) == "CREDENTIAL_INVALID"
    assert keys.fetches == 2
    keys.tell(KEY, NEXT)
    world.seconds += 2
    assert await token_refusal(trust, mint(NEXT, {"kid": "two"})) == ""
    assert keys.fetches == 3


async def test_threat_07_known_keys_work_while_the_issuer_is_down_but_not_for_ever(
    world: World, trust: Trust, keys: KeyServer
) -> None:
    assert await token_refusal(trust, mint(KEY)) == ""
    keys.status = 503
    for hours, reason in ((1, ""), (22, ""), (25, "ISSUER_UNAVAILABLE")):
        world.seconds += hours * 3600
        await own(trust).keep_fresh()
        assert await token_refusal(trust, mint(KEY, jti=str(hours))) == reason
    keys.status = 200
    world.seconds += 61
    assert await token_refusal(trust, mint(KEY, jti="again")) == ""


async def test_threat_07_a_key_that_was_taken_back_goes_within_minutes_with_what_it_signed(
    world: World, trust: Trust, keys: KeyServer
) -> None:
    token = mint(KEY)
    assert await token_refusal(trust, token) == ""
    keys.tell(NEXT)
    world.seconds += fetched.FRESH_SECONDS + 1
    await own(trust).keep_fresh()
    assert await token_refusal(trust, token) == "CREDENTIAL_INVALID"


BROKEN = {
    "another status": (302, b"", {"location": "http://127.0.0.1:1/"}),
    "no JSON": (200, b"<html>", {}),
    "no keys": (200, b'{"keys": []}', {}),
    "a list": (200, b"[]", {}),
    "a hundred thousand brackets": (200, b"[" * 100_000, {}),
    "more than it may be": (200, b" " * (fetched.BODY_BYTES + 1), {}),
    "packed": (200, b"\x1f\x8b", {"content-encoding": "gzip"}),
    "secrets only": (200, b'{"keys": [{"kty": "oct", "kid": "one", "k": "c2VjcmV0"}]}', {}),
    "nonsense": (200, b'{"keys": [{"kty": "EC"}, 7, {"kty": "RSA", "n": "AQ", "e": "AQAB"}]}', {}),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_threat_07_an_answer_that_is_no_set_of_keys_changes_nothing(
    world: World, trust: Trust, keys: KeyServer, name: str
) -> None:
    assert await token_refusal(trust, mint(KEY)) == ""
    keys.status, keys.body, keys.headers = BROKEN[name]
    world.seconds += fetched.FRESH_SECONDS + 1
    await own(trust).keep_fresh()
    assert keys.fetches == 2
    assert await token_refusal(trust, mint(KEY, jti="2")) == ""


async def test_threat_07_an_issuer_that_never_answered_is_said_to_be_unavailable(
    world: World, trust: Trust, keys: KeyServer
) -> None:
    keys.status = 500
    assert await token_refusal(trust, mint(KEY)) == "ISSUER_UNAVAILABLE"
    assert await token_refusal(trust, mint(KEY)) == "ISSUER_UNAVAILABLE"
    assert keys.fetches == 1
    keys.status = 200
    world.seconds += fetched.FIRST_SECONDS + 1
    assert await token_refusal(trust, mint(KEY)) == ""


async def test_threat_07_one_who_holds_the_line_holds_nobody_for_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetched, "FETCH_SECONDS", 0.2)
    left = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        left.set()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as silent, asyncio.timeout(20):
        port = silent.sockets[0].getsockname()[1]
        trust = world.trust(tokens=[tokens(f"http://127.0.0.1:{port}/jwks")])
        assert await token_refusal(trust, mint(KEY)) == "ISSUER_UNAVAILABLE"
        await left.wait()


async def test_threat_07_one_who_asks_and_hangs_up_keeps_no_keys_from_others(world: World) -> None:
    asked, go = asyncio.Event(), asyncio.Event()
    body = json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await go.wait()
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening, asyncio.timeout(20):
        port = listening.sockets[0].getsockname()[1]
        trust = world.trust(tokens=[tokens(f"http://127.0.0.1:{port}/jwks")])
        caller = asyncio.create_task(trust.token(mint(NEXT, {"kid": "two"}), None))
        await asked.wait()
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        go.set()
        assert await token_refusal(trust, mint(KEY)) == ""


async def test_threat_07_whoever_answers_must_prove_the_issuers_name(tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path / "authority"), Authority(tmp_path / "stranger")
    body = json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
        writer.write(head + body)
        await writer.drain()
        writer.close()

    found = {}
    servers = {"right": authority.server("127.0.0.1"), "forged": stranger.server("127.0.0.1")}
    servers["another name"] = authority.server("else.example.se")
    for name, server in servers.items():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.certificate_file, server.key_file)
        async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as listening:
            port = listening.sockets[0].getsockname()[1]
            entry = tokens(f"https://127.0.0.1:{port}/jwks", ca=str(authority.file))
            found[name] = await token_refusal(World(tmp_path / name).trust(tokens=[entry]), mint(KEY))
    assert found == {"right": "", "forged": "ISSUER_UNAVAILABLE", "another name": "ISSUER_UNAVAILABLE"}
