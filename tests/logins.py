"""A registry whose page people log in to by providers of a test's own, and browsers without a screen."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from registry.app import Running
from tests.components.issuing import Authority
from tests.components.trusting import World
from tests.operated import operated, operators_key

WAIT_SECONDS = 30


class Town:
    """`page`: the address of the web face, by TLS. `key`: the operator's. `world` has the trust file."""

    def __init__(self, registry: Running, world: World, authority: Authority, key: str) -> None:
        self.registry, self.world, self.key = registry, world, key
        self.page = f"https://{registry.web_address}"
        self._context = ssl.create_default_context(cadata=authority.certificate_pem.decode())

    @asynccontextmanager
    async def browser(self) -> AsyncIterator["Browser"]:
        """One that knows nobody yet."""
        options: dict[str, Any] = {"verify": self._context, "timeout": 60, "trust_env": False}
        async with httpx.AsyncClient(base_url=self.page, **options) as web, httpx.AsyncClient(**options) as idp:
            yield Browser(web, idp)

    async def on_record(self, principal: str, reason: str, least: int = 1) -> int:
        """How often it was refused, once that is written, or as often as is waited for."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                rows, _ = await self.registry.store.read(lambda view: view.refusals(1000, ""))
                found = [each.count for each in rows if (each.principal, each.reason) == (principal, reason)]
                if sum(found) >= least:
                    return sum(found)


class Browser:
    """`web` is what it has to do with the registry, `idp` with the provider: each has its own cookies."""

    def __init__(self, web: httpx.AsyncClient, idp: httpx.AsyncClient) -> None:
        self.web, self.idp = web, idp

    async def begin(self, provider: str = "idp") -> str:
        """Choose a provider; answers where the registry sends it."""
        answer = await self.web.get(f"/ops/login/{provider}/begin")
        assert answer.status_code == httpx.codes.SEE_OTHER, answer.text
        return str(answer.headers["location"])

    async def prove(self, there: str, account: str, acr: str = "") -> str:
        """Be somebody at the provider; answers where that sends it back to."""
        answer = await self.idp.get(there)
        while (there := answer.headers.get("location", "")).partition("/ops/login/")[1] == "":
            if there:
                answer = await self.idp.get(answer.url.join(there))
            else:
                assert answer.status_code == httpx.codes.OK, answer.text
                answer = await self.idp.post(answer.url, data={"account": account, "acr": acr})
        return str(there)

    async def login(self, account: str, provider: str = "idp", acr: str = "") -> httpx.Response:
        """All of it."""
        return await self.web.get(await self.prove(await self.begin(provider), account, acr))

    async def sees(self) -> bool:
        """Whether it is shown the page."""
        return (await self.web.get("/ops")).status_code == httpx.codes.OK


def asked(url: str) -> dict[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(urlsplit(url).query))


def changed(url: str, **parameters: str | None) -> str:
    """The address with other parameters; None leaves one out."""
    whole: dict[str, str | None] = {**asked(url), **parameters}
    return str(httpx.URL(url).copy_with(params={name: value for name, value in whole.items() if value is not None}))


def trusted(issuer: str, page: str, authority: Authority, **more: Any) -> dict[str, Any]:
    """An entry of the trust file for a provider."""
    entry = {"id": "idp", "title": "Falun", "issuer": issuer, "client_id": "page", "page": page}
    return {**entry, "ca": str(authority.file), "operators": {"sub": ["anna"]}, **more}


@asynccontextmanager
async def town(folder: Path, authority: Authority, port: int, *people: Mapping[str, Any]) -> AsyncIterator[Town]:
    """Such a registry, at a port of loopback."""
    world, key = World(folder), operators_key(folder)
    world.write(**with_server(authority), people=[dict(each) for each in people])
    async with operated(folder, key, trust=world.file, identity="required", web_address=f"127.0.0.1:{port}") as opened:
        yield Town(opened[0], world, authority, key)


def with_server(authority: Authority) -> dict[str, Any]:
    """The part of the trust file by which the registry is known itself."""
    server = authority.server("127.0.0.1")
    return {"server": {"certificate": str(server.certificate_file), "key": str(server.key_file)}}
