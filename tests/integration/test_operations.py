"""The operations page over HTTP: who sees it, what it may load, how little it asks of the store, and how it ends."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from registry.api.v1 import access_service_pb2 as a
from registry.api.v1.access_pb2 import Action
from registry.app import Running
from registry.errors import Precondition
from registry.services.operations import Operations
from tests.components.issuing import Authority
from tests.components.trusting import World
from tests.integration.api import Api
from tests.integration.services.street import PROVEN, RELEASE, report
from tests.operated import LATE_ONE, operated, operators_key, rollout

DETAILS = f"/ops/subscriptions/{LATE_ONE.split('/')[1]}/{LATE_ONE.split('/')[3]}"
GUARDED = ("/ops", DETAILS, "/ops/events", "/ops/subscriptions/none/none")
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)


@asynccontextmanager
async def client(registry: Running, scheme: str = "http", **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the web face, which follows no redirect."""
    url = f"{scheme}://{registry.web_address}"
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False, **options) as made:
        yield made


async def login(web: httpx.AsyncClient, key: str, **headers: str) -> httpx.Response:
    """Log in as the form does."""
    origin = {"Origin": str(web.base_url).rstrip("/")}
    return await web.post("/ops/login", data={"key": key}, headers={**origin, **headers})


async def given(api: Api, key: str, **fields: Any) -> str:
    """A new key."""
    request = a.CreateKeyRequest(key_id=key, key={"purpose": "test", **fields})
    return str((await api.access.CreateKey(request)).secret)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of databases while the block lasts."""
    found: list[str] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_only_operators_see_it_and_refusals_are_on_record(tmp_path: Path) -> None:
    key = operators_key(tmp_path)
    async with operated(tmp_path, key, identity="required") as (registry, api), client(registry) as web:
        await rollout(api)
        reader = await given(api, "reader", organisation="organisations/a", actions=[Action.ACTION_READ])
        for path in GUARDED:
            nobody = await web.get(path)
            assert nobody.status_code == (401 if path.endswith("events") else 303)
            assert nobody.headers.get("location", "/ops/login") == "/ops/login"
            assert (await web.get(path, headers=bearer(key[:-1]))).status_code == 401
            assert (await web.get(path, headers={"Authorization": f"Basic {key}"})).status_code == 401
            assert (await web.get(path, headers=bearer(reader))).status_code == 403
        shown = await web.get("/ops", headers=bearer(key))
        assert (shown.status_code, "Bygglov" in shown.text) == (200, True)
        async with asyncio.timeout(30):
            while "NOT_GRANTED" not in await refusals(api, "keys/reader"):
                pass
        assert await refusals(api, "anonymous") >= {"CREDENTIAL_INVALID"}


async def refusals(api: Api, principal: str) -> set[str]:
    """Why somebody was refused the page."""
    found = (await api.access.ListRefusals(a.ListRefusalsRequest(page_size=1000))).refusals
    return {each.reason for each in found if each.principal == principal and each.method.startswith("/ops")}


async def test_a_session_is_as_good_as_its_key(tmp_path: Path) -> None:
    key = operators_key(tmp_path)
    async with operated(tmp_path, key, identity="required") as (registry, api), client(registry) as web:
        await api.body("a")
        reader = await given(api, "reader", organisation="organisations/a", actions=[Action.ACTION_READ])
        second = await given(api, "second", actions=[Action.ACTION_OPERATE])
        answers = [await login(web, each) for each in (key[:-1], reader, "", "gmsm_x")]
        assert {(each.status_code, each.text) for each in answers} == {(403, answers[0].text)}
        assert not web.cookies
        opened = await login(web, second)
        assert (opened.status_code, opened.headers["location"]) == (303, "/ops")
        cookie = opened.headers["set-cookie"].lower()
        assert all(each in cookie for each in ("httponly", "samesite=strict", "path=/", "max-age=28800"))
        assert second not in cookie
        async with web.stream("GET", "/ops/events") as events:
            assert events.status_code == 200
            await api.access.RevokeKey(a.RevokeKeyRequest(name="keys/second"))
            async with asyncio.timeout(30):
                async for _ in events.aiter_lines():
                    pass
        assert (await web.get("/ops")).headers["location"] == "/ops/login"


async def test_a_form_of_another_site_does_nothing(tmp_path: Path) -> None:
    key = operators_key(tmp_path)
    async with operated(tmp_path, key, identity="required") as (registry, _api), client(registry) as web:
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await login(web, key, **headers)).status_code == 403
        assert (await web.post("/ops/login", data={"key": key})).status_code == 403
        assert not web.cookies
        await login(web, key)
        assert (await web.post("/ops/logout", headers={"Origin": "https://evil.example"})).status_code == 403
        assert (await web.get("/ops")).status_code == 200
        assert (await web.post("/ops/logout", headers={"Origin": str(web.base_url).rstrip("/")})).status_code == 303
        assert (await web.get("/ops")).status_code == 303


async def test_guessing_is_slowed_down(tmp_path: Path) -> None:
    key = operators_key(tmp_path)
    async with operated(tmp_path, key, identity="required") as (registry, _api), client(registry) as web:
        async with asyncio.timeout(60):
            while (await login(web, f"{key[:-1]}x")).status_code != 429:
                pass
        assert (await login(web, key)).status_code == 429


async def test_where_it_is_open_another_name_for_this_machine_opens_nothing(tmp_path: Path) -> None:
    """A site whose own name leads to 127.0.0.1 for once, so that its scripts may read what is there."""
    async with operated(tmp_path) as (registry, _api), client(registry) as web:
        for path in GUARDED:
            assert (await web.get(path, headers={"Host": "evil.example"})).status_code == 403
        assert (await web.get("/ops", headers={"Host": f"localhost:{web.base_url.port}"})).status_code == 200


async def test_nothing_is_run_that_is_not_served_as_a_file(tmp_path: Path) -> None:
    async with operated(tmp_path) as (registry, api), client(registry) as web:
        await rollout(api)
        for path in ("/ops", DETAILS, "/ops/subscriptions/none/none", "/ops/ops.js", "/ops/ops.css", "/ops/icon.svg"):
            answer = await web.get(path)
            policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
            assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
            assert (policy["frame-ancestors"], policy["base-uri"]) == ("'none'", "'none'")
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            if "html" in answer.headers["content-type"]:
                assert not INLINE.search(answer.text)
                assert re.findall(r"<script[^>]*>", answer.text) in ([], ['<script src="/ops/ops.js" defer>'])


async def test_it_is_counted_once_for_each_revision_in_as_many_statements_however_many_there_are(
    tmp_path: Path,
) -> None:
    async with operated(tmp_path) as (registry, api), client(registry) as web:
        await rollout(api)
        await shown(web)
        with statements() as still:
            await shown(web)
        assert not [each for each in still if "subscriptions" in each]
        counts = []
        for key in ("e", "f", "g"):
            await api.body(key)
            await api.subscribe(key)
            with statements() as asked:
                await shown(web)
            counts.append(len([each for each in asked if "subscriptions" in each]))
            assert not [each for each in asked if "FROM subscriptions" in each and "NOT IN" in each], "all are read"
        assert len(set(counts)) == 1


async def shown(web: httpx.AsyncClient) -> str:
    answer = await web.get("/ops")
    assert answer.status_code == 200
    return answer.text


async def test_a_deadline_passes_although_nothing_is_written(tmp_path: Path) -> None:
    async with operated(tmp_path) as (registry, api):
        await rollout(api)
        times = [datetime(2020, 1, 1, tzinfo=UTC)]
        operations = Operations(registry.store, lambda: times[0], lambda: 0)
        campaign = [each for each in (await operations.look())[0].rollouts if each.campaign]
        assert [each.overdue for each in campaign] == [0]
        times[0] += timedelta(days=3650)
        campaign = [each for each in (await operations.look())[0].rollouts if each.campaign]
        assert [(each.overdue, each.absent) for each in campaign] == [(3, 2)]


async def test_an_offering_and_its_releases_are_followed(tmp_path: Path) -> None:
    async with operated(tmp_path) as (registry, api):
        await rollout(api)
        operations = Operations(registry.store, lambda: datetime.now(UTC), lambda: 0)
        first = [each for each in (await operations.look())[0].rollouts if not each.campaign]
        await report(api, LATE_ONE, 9, phase=PROVEN, observed_release=RELEASE)
        there = [each for each in (await operations.look())[0].rollouts if not each.campaign]
        await api.publish("permits", "1.1.0")
        newer = [each for each in (await operations.look())[0].rollouts if not each.campaign]
        assert [(each.release.rpartition("/")[2], each.converged) for each in (*first, *there, *newer)] == [
            ("1.0.0", 1),
            ("1.0.0", 2),
            ("1.1.0", 0),
        ]
        assert {each.laggard.reason for each in (await operations.look())[0].late} == {"OTHER_RELEASE", "NOT_JOINED"}


async def test_open_pages_do_not_hold_up_the_end(tmp_path: Path) -> None:
    async with asyncio.timeout(60):
        async with operated(tmp_path) as (registry, _api):
            web = httpx.AsyncClient(base_url=f"http://{registry.web_address}", timeout=60, trust_env=False)
            request = web.build_request("GET", "/ops/events")
            events = await web.send(request, stream=True)
            lines = events.aiter_lines()
            assert await anext(lines) == "event: moved"
            start = asyncio.get_running_loop().time()
        took = asyncio.get_running_loop().time() - start
        async for _ in lines:
            pass
        await events.aclose()
        await web.aclose()
    assert took < 10


async def test_by_tls_the_cookie_belongs_to_this_host_alone(tmp_path: Path) -> None:
    authority, world = Authority(tmp_path / "authority"), World(tmp_path)
    server = authority.server("127.0.0.1")
    world.write(server={"certificate": str(server.certificate_file), "key": str(server.key_file)})
    key = operators_key(tmp_path)
    trusted = ssl.create_default_context(cadata=authority.certificate_pem.decode())
    async with (
        operated(tmp_path, trust=world.file, web_address="0.0.0.0:0") as (registry, _api),
        client(local(registry), "https", verify=trusted) as web,
    ):
        opened = await login(web, key)
        cookie = opened.headers["set-cookie"]
        assert cookie.startswith("__Host-gemensam=")
        assert "; Secure" in cookie
        assert (await web.get("/ops")).status_code == 200


def local(registry: Running) -> Running:
    """The same, as it is reached from here."""
    port = registry.web_address.rpartition(":")[2]
    return Running(registry.grpc_address, f"127.0.0.1:{port}", registry.store)


async def test_without_tls_nobody_else_reaches_it(tmp_path: Path) -> None:
    with pytest.raises(Precondition) as refused:
        async with operated(tmp_path, web_address="0.0.0.0:0"):
            pass
    assert (refused.value.reason, refused.value.metadata["setting"]) == ("ADDRESS_NOT_LOOPBACK", "GEMENSAM_WEB_ADDRESS")
