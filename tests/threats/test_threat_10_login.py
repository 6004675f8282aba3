"""Threat 10: people log in by the real `oidc-provider`, and whoever only looks like it or like them does not."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from registry.errors import RegistryError
from registry.identity import trust
from registry.web import logins
from tests.components.issuing import Authority
from tests.components.oidc import SECRET, Provider
from tests.components.ports import free_port
from tests.components.trusting import World
from tests.logins import Browser, asked, changed, town, trusted, with_server

PORT = free_port()
PAGE = f"https://127.0.0.1:{PORT}"
WRONG = "Inloggningen gick inte att slutföra"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Provider]:
    back = [f"{PAGE}/ops/login/{each}" for each in ("idp", "public", "other", "strict")]
    groups = {"bosse": ["gemensam-operators"], "cilla": ["others"]}
    made = Provider(tmp_path_factory.mktemp("idp"), authority.server("127.0.0.1"), authority.file, back, groups)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def entry(tmp_path: Path, provider: Provider, authority: Authority) -> dict[str, Any]:
    """Of a client with a secret, whose operators are anna and the members of a group."""
    secret = tmp_path / "idp.secret"
    secret.write_text(f"{SECRET}\n")
    operators = {"sub": ["anna"], "groups": ["gemensam-operators"]}
    more = {"client_secret_file": str(secret), "scopes": ["groups"], "operators": operators}
    return trusted(provider.issuer, PAGE, authority, **more)


def cookie(answer: httpx.Response, name: str) -> str:
    """What an answer sets under a name."""
    return next(each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{name}="))


async def test_threat_10_an_operator_logs_in_and_out(
    tmp_path: Path, authority: Authority, entry: dict[str, Any]
) -> None:
    async with town(tmp_path, authority, PORT, entry) as opened, opened.browser() as anna:
        form = await anna.web.get("/ops/login")
        assert '<a class="button" href="/ops/login/idp/begin">Logga in med <bdi>Falun</bdi>' in form.text
        assert "Operatörens API-nyckel" in form.text
        begun = await anna.web.get("/ops/login/idp/begin")
        flags = {"HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=600"}
        assert flags <= set(cookie(begun, "__Host-gemensam-login").split("; "))
        there = asked(begun.headers["location"])
        assert (there["response_type"], there["code_challenge_method"]) == ("code", "S256")
        assert there["scope"] == "openid groups"
        assert all(len(there[each]) == 43 for each in ("state", "nonce", "code_challenge"))
        back = await anna.web.get(await anna.prove(begun.headers["location"], "anna"))
        assert (back.status_code, back.headers["refresh"]) == (200, "0; url=/ops")
        assert back.headers["referrer-policy"] == "no-referrer"
        flags = {"HttpOnly", "Secure", "Path=/", "SameSite=strict", "Max-Age=28800"}
        assert flags <= set(cookie(back, "__Host-gemensam").split("; "))
        assert cookie(back, "__Host-gemensam-login").startswith('__Host-gemensam-login=""; expires=')
        assert await anna.sees()
        out = await anna.web.post("/ops/logout", headers={"Origin": opened.page})
        assert (out.status_code, await anna.sees()) == (303, False)


async def test_threat_10_who_is_no_operator_is_refused_and_on_record(
    tmp_path: Path, authority: Authority, entry: dict[str, Any]
) -> None:
    public = {**entry, "id": "public", "client_id": "public", "client_secret_file": None}
    strict = {**entry, "id": "strict", "acr": ["high"], "max_age_seconds": 3600}
    async with town(tmp_path, authority, PORT, entry, public, strict) as opened:
        found = {}
        for who, way, acr in (
            ("anna", "public", ""),
            ("bosse", "idp", ""),
            ("cilla", "idp", ""),
            ("dag@falun.se/x", "idp", ""),
            ("anna", "strict", "low"),
            ("anna", "strict", "high"),
        ):
            async with opened.browser() as browser:
                answer = await browser.login(who, way, acr)
                found[who, way, acr] = (answer.status_code, await browser.sees())
                if acr == "low":
                    assert "för låg tillitsnivå" in answer.text
        assert found == {
            ("anna", "public", ""): (200, True),
            ("bosse", "idp", ""): (200, True),
            ("cilla", "idp", ""): (403, False),
            ("dag@falun.se/x", "idp", ""): (403, False),
            ("anna", "strict", "low"): (403, False),
            ("anna", "strict", "high"): (200, True),
        }
        assert await opened.on_record("people/idp/cilla", "NOT_GRANTED") == 1
        assert await opened.on_record("people/idp/dag%40falun.se%2Fx", "NOT_GRANTED") == 1
        assert await opened.on_record("anonymous", "CREDENTIAL_INVALID") == 1  # the level


async def test_threat_10_a_session_ends_with_the_right_and_the_key_stays(
    tmp_path: Path, authority: Authority, entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "LOOK_SECONDS", 0.05)
    async with town(tmp_path, authority, PORT, entry) as opened, opened.browser() as anna, opened.browser() as bosse:
        for browser, name in ((anna, "anna"), (bosse, "bosse")):
            await browser.login(name)
            assert await browser.sees()
        opened.world.write(**with_server(authority), people=[{**entry, "operators": {"sub": ["bosse"]}}])
        async with asyncio.timeout(30), anna.web.stream("GET", "/ops/events") as events:
            async for _ in events.aiter_lines():
                pass  # until it ends by itself
        assert (await anna.web.get("/ops")).headers["location"] == "/ops/login"
        assert await opened.on_record("people/idp/anna", "NOT_GRANTED") > 0
        assert await bosse.sees()
        opened.world.write(**with_server(authority), people=[])
        assert await ended(bosse) == 403
        assert (await bosse.web.get("/ops/login/idp/begin")).status_code == 404
        form = await anna.web.post("/ops/login", data={"key": opened.key}, headers={"Origin": opened.page})
        assert (form.status_code, await anna.sees()) == (303, True)


async def ended(browser: Browser) -> int:
    """How the page is refused once it is."""
    async with asyncio.timeout(30):
        while (answer := await browser.web.get("/ops")).status_code == httpx.codes.OK:
            pass
    return answer.status_code


async def test_threat_10_an_answer_is_good_once_in_the_browser_that_asked_for_it(
    tmp_path: Path, authority: Authority, entry: dict[str, Any]
) -> None:
    other = {**entry, "id": "other", "client_id": "other"}
    async with town(tmp_path, authority, PORT, entry, other) as opened:
        found: dict[str, Any] = {}
        async with opened.browser() as anna, opened.browser() as victim:
            back = await anna.prove(await anna.begin(), "anna")
            found["a link that was sent to somebody else"] = await tried(victim, back)
            await victim.begin()
            found["the same in the middle of a login"] = await tried(victim, back)
            found["no state"] = await tried(anna, changed(back, state=None))
            found["another state"] = await tried(anna, changed(back, state="x" * 43))
            assert (await anna.web.get(back)).status_code == 200, "and nobody has ended what was begun"
            await anna.web.post("/ops/logout", headers={"Origin": opened.page})
            found["a second time"] = await tried(anna, back)
        for what, change in CHANGED.items():
            async with opened.browser() as anna:
                back = await anna.prove(await anna.begin(), "anna")
                found[what] = await tried(anna, changed(back, **change))
                found[f"{what}, then the right one"] = await tried(anna, back)
        async with opened.browser() as anna:
            back = await anna.prove(await anna.begin(), "anna")
            found["a parameter twice"] = await tried(anna, f"{back}&state={asked(back)['state']}")
            found["at another provider's address"] = await tried(anna, back.replace("/login/idp", "/login/other"))
        async with opened.browser() as anna:
            found["not wanted by the person"] = await tried(anna, await anna.prove(await anna.begin(), ""))
        assert {what: answer for what, answer in found.items() if answer != (403, True, False)} == {}
        assert await opened.on_record("anonymous", "CREDENTIAL_INVALID", len(found)) == len(found)


CHANGED: dict[str, dict[str, str | None]] = {
    "no code": {"code": None},
    "a code that was made up": {"code": "x" * 43},
    "another provider's name": {"iss": "https://evil.example"},
    "no name of the provider": {"iss": None},
    "an error": {"error": "access_denied", "code": None},
    "an error and a code": {"error": "<script>evil"},
}


async def tried(browser: Browser, url: str) -> tuple[int, bool, bool]:
    """How an answer is refused: status, whether it is said in words of ours, whether the page is shown all the same."""
    answer = await browser.web.get(url)
    said = WRONG in answer.text and "evil" not in answer.text and "<script" not in answer.text
    return answer.status_code, said, await browser.sees()


async def test_threat_10_a_login_takes_ten_minutes_at_most_and_floods_push_out_themselves(
    tmp_path: Path, authority: Authority, entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town(tmp_path, authority, PORT, entry) as opened, opened.browser() as anna, opened.browser() as other:
        late = await anna.prove(await anna.begin(), "anna")
        with monkeypatch.context() as later:
            later.setattr(logins, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 601))
            assert await tried(anna, late) == (403, True, False)
        for most, each, others, status in ((1000, 3, 3, 403), (3, 50, 3, 403), (3, 50, 2, 200)):
            monkeypatch.setattr(logins, "MOST", most)
            monkeypatch.setattr(logins, "EACH", each)
            first = await anna.prove(await anna.begin(), "anna")
            for _ in range(others):
                await other.begin()
            assert (await anna.web.get(first)).status_code == status


async def test_threat_10_a_login_leads_to_the_page_and_nowhere_else(
    tmp_path: Path, authority: Authority, provider: Provider, entry: dict[str, Any]
) -> None:
    evil = "next=https://evil.example&redirect_uri=https://evil.example&return_to=//evil.example"
    async with town(tmp_path, authority, PORT, entry) as opened, opened.browser() as anna:
        for host in ({}, {"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}):
            begun = await anna.web.get(f"/ops/login/idp/begin?{evil}", headers=host)
            assert begun.headers["location"].startswith(f"{provider.issuer}/auth?")
            assert asked(begun.headers["location"])["redirect_uri"] == f"{PAGE}/ops/login/idp"
            assert "evil" not in begun.headers["location"]
            back = await anna.web.get(f"{await anna.prove(begun.headers['location'], 'anna')}&{evil}", headers=host)
            assert (back.headers["refresh"], "evil" in back.text) == ("0; url=/ops", False)
        for path in ("/ops/login/nobody/begin", "/ops/login/..%2F/begin", "/ops/login/idp/begin/more"):
            assert (await anna.web.get(path)).status_code == 404


async def test_threat_10_a_session_is_a_new_one_after_each_login(
    tmp_path: Path, authority: Authority, entry: dict[str, Any]
) -> None:
    async with town(tmp_path, authority, PORT, entry) as opened, opened.browser() as anna, opened.browser() as thief:
        for browser in (anna, thief):
            browser.web.cookies.set("__Host-gemensam", "known-before", domain="127.0.0.1")
        first = cookie(await anna.login("anna"), "__Host-gemensam")
        assert "known-before" not in first
        assert not await thief.sees()
        second = cookie(await anna.login("anna"), "__Host-gemensam")
        assert first.partition(";")[0] != second.partition(";")[0]
        thief.web.cookies.clear()
        thief.web.cookies.set("__Host-gemensam", first.partition(";")[0].partition("=")[2], domain="127.0.0.1")
        assert not await thief.sees(), "nor is the one before it good any more"


async def test_threat_10_the_provider_holds_a_code_to_the_login_that_it_was_given_for(
    tmp_path: Path, provider: Provider, entry: dict[str, Any]
) -> None:
    world = World(tmp_path)
    world.now = lambda: datetime.now(UTC)
    (tmp_path / "wrong.secret").write_text("another")
    more: dict[str, Any] = {
        "other": {"client_id": "other"},
        "public": {"client_id": "public", "client_secret_file": None},
        "wrong": {"client_id": "other", "client_secret_file": str(tmp_path / "wrong.secret")},
    }
    trusted = world.trust(people=[entry, *({**entry, "id": name, **changes} for name, changes in more.items())])
    found: dict[str, str] = {}
    async with httpx.AsyncClient(verify=provider.context, timeout=60, trust_env=False) as idp:
        browser = Browser(idp, idp)

        async def finished(what: str, by: str = "idp", at: str = "", times: int = 1, **changes: str) -> None:
            begun, there = await trusted.people.begin(by)
            answer = asked(await browser.prove(there, "anna"))
            try:
                for _ in range(times):
                    await trusted.person(replace(begun, provider=at or by, **changes), answer)
            except RegistryError as error:
                found[what] = error.message if answer["code"] not in str(error.metadata) else "the code is told"

        await finished("right")
        await finished("right, without a secret", "public")
        await finished("the code a second time", times=2)
        await finished("another verifier", verifier="x" * 43)
        await finished("no verifier", verifier="")
        await finished("another verifier, without a secret", "public", verifier="x" * 43)
        await finished("the code of another client", "other", at="idp")
        await finished("another secret", "other", at="wrong")
        await finished("another nonce", nonce="x" * 43)
        await finished("begun with another issuer", issuer="https://evil.example")
    refused = "The login was refused by its provider: invalid_grant."
    assert found == {
        "the code a second time": refused,
        "another verifier": refused,
        "no verifier": refused,
        "another verifier, without a secret": refused,
        "the code of another client": refused,
        "another secret": "The login was refused by its provider: invalid_client.",
        "another nonce": "The token has a wrong nonce.",
        "begun with another issuer": "The login was begun with a provider that is not trusted any more.",
    }
