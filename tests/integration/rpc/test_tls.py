"""TLS of the registry's faces and of those who call them: certificates change while everything runs."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from registry.cli.connection import connected
from registry.cli.credentials import _given
from registry.cli.failure import Failure
from registry.errors import Precondition
from registry.identity.trust import Trust
from registry.reach import Reach, Unready
from registry.rpc.tls import server_credentials
from registry.web.server import WebServer, listen
from registry.web.tls import ssl_context
from subscribers.client import Client, RegistryRefused
from subscribers.settings import load
from tests.components.identified import ask, identified
from tests.components.issuing import Authority, Issued
from tests.components.minting import key_server, mint, new_key
from tests.components.trusting import World, certificates, tokens

MINE = "certificates/test/2120000142"


def served(server: Issued) -> dict[str, str]:
    return {"certificate": str(server.certificate_file), "key": str(server.key_file)}


def replace(old: Issued, new: Issued) -> None:
    """As whoever renews certificates does it: file by file, each whole."""
    for source, target in ((new.certificate_file, old.certificate_file), (new.key_file, old.key_file)):
        source.replace(target)


async def test_the_servers_certificate_and_the_clients_authorities_change_without_a_restart(
    world: World, authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other", "other")
    server, mine, theirs = authority.server("127.0.0.1"), authority.organisation(), other.organisation()
    trust = world.trust(server=served(server), certificates=[certificates(authority.file)])
    async with identified(trust, certificates=True) as running:
        assert await ask(running, authority, mine) == MINE
        replace(server, other.server("127.0.0.1"))
        world.write(server=served(server), certificates=[certificates(other.file)])
        trust.refresh()
        assert await ask(running, other, theirs) == MINE
        with pytest.raises(grpc.aio.AioRpcError):
            await ask(running, authority, mine)


def test_half_a_change_changes_nothing(world: World, authority: Authority) -> None:
    server = authority.server("127.0.0.1")
    trust = world.trust(server=served(server), certificates=[certificates(authority.file)])
    before, new = trust.serving, authority.server("127.0.0.1")
    new.certificate_file.replace(server.certificate_file)
    trust.refresh()
    assert trust.serving is before
    new.key_file.replace(server.key_file)
    trust.refresh()
    assert trust.serving is not before


def test_an_address_without_what_it_needs_is_refused(world: World, authority: Authority) -> None:
    bare = world.trust(certificates=[certificates(authority.file)])
    for make in (lambda: server_credentials(bare, certificates=False), lambda: ssl_context(bare)):
        with pytest.raises(Precondition, match="server is needed"):
            make()
    nobody = world.trust(server=served(authority.server("127.0.0.1")))
    with pytest.raises(Precondition, match="certificates is needed"):
        server_credentials(nobody, certificates=True)
    assert server_credentials(nobody, certificates=False)


@asynccontextmanager
async def web(trust: Trust) -> AsyncIterator[int]:
    """The web face's server by TLS; its port."""
    page = Starlette(routes=[Route("/", lambda _request: PlainTextResponse("here"))])
    config = uvicorn.Config(
        page, log_config=None, lifespan="off", ssl_context_factory=lambda _config, _default: ssl_context(trust)
    )
    listening = listen("127.0.0.1:0")
    serving = asyncio.create_task(WebServer(config).run_until_cancelled(listening))
    yield listening.getsockname()[1]
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def _names(port: int, authority: Authority) -> Any:
    context = ssl.create_default_context(cafile=str(authority.file))
    async with asyncio.timeout(20):
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    found = writer.get_extra_info("peercert")["subjectAltName"]
    writer.close()
    return found


async def test_the_web_faces_certificate_changes_without_a_restart(world: World, authority: Authority) -> None:
    server = authority.server("127.0.0.1", "old.example.se")
    trust = world.trust(server=served(server))
    async with web(trust) as port:
        assert ("DNS", "old.example.se") in await _names(port, authority)
        replace(server, authority.server("127.0.0.1", "new.example.se"))
        trust.refresh()
        assert ("DNS", "new.example.se") in await _names(port, authority)


def _settings(folder: Path, address: str, **more: object) -> Path:
    lines = [f"{name}: {value}" for name, value in more.items()]
    text = f"registry: {address}\nsystems: [organisations/b/systems/gw]\nadapters: [{{kind: files, directory: x}}]\n"
    file = folder / "subscriber.yaml"
    file.write_text(text + "\n".join(lines))
    return file


async def test_a_subscriber_proves_itself_by_certificate_and_by_a_token_that_is_renewed(
    world: World, authority: Authority
) -> None:
    key, mine, token = new_key(), authority.organisation(), world.folder / "token"
    files = {"ca": authority.file, "certificate": mine.certificate_file, "key": mine.key_file}
    with key_server(key) as keys:
        told = {"certificates": [certificates(authority.file)], "tokens": [tokens(keys.url)]}
        trust = world.trust(server=served(authority.server("127.0.0.1")), **told)
        async with identified(trust, certificates=True) as running:
            for more in ({}, {"token_file": "token"}):
                client = Client(
                    load(_settings(world.folder, running.address, **files, **more)).reach(), "organisations/b"
                )
                if more:
                    with pytest.raises(RegistryRefused, match="cannot be read") as caught:
                        await client.generation()
                    assert caught.value.retriable
                    token.write_text("not a token")
                    with pytest.raises(RegistryRefused, match="one token"):
                        await client.generation()
                    token.write_text("wrong")
                    with pytest.raises(RegistryRefused, match="CREDENTIAL_INVALID"):
                        await client.generation()
                    token.write_text(mint(key))
                await client.generation()
                await client.close()
            assert [principal for _, principal in running.met] == [MINE, "tokens/oidc/gateway"]


async def test_a_command_proves_itself_by_options_or_by_the_environment(
    world: World, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = authority.organisation()
    trust = world.trust(server=served(authority.server("127.0.0.1")), certificates=[certificates(authority.file)])

    def get(address: str) -> str:
        with connected(address) as registry:
            return registry.get("offering", "offerings/x").name

    async with identified(trust, certificates=True) as running:
        files = {"ca": authority.file, "certificate": mine.certificate_file, "key": mine.key_file}
        for name, file in files.items():
            monkeypatch.setenv(f"GEMENSAM_{name.upper()}", str(file))
        assert await asyncio.to_thread(get, running.address) == ""
        for name in files:
            monkeypatch.delenv(f"GEMENSAM_{name.upper()}")
        mark = _given.set(dict(files))
        assert await asyncio.to_thread(get, running.address) == ""
        _given.reset(mark)
        assert [principal for _, principal in running.met] == [MINE, MINE]
        with pytest.raises(Failure, match="No registry answers"):
            await asyncio.to_thread(get, running.address)
    with pytest.raises(Failure, match="without TLS"):
        await asyncio.to_thread(get, "192.0.2.1:7400")


async def test_nothing_secret_goes_in_the_open_to_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is not on this machine: what is for loopback goes there, and nowhere else."""
    met: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(await reader.read(1))
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as proxy:
        for name in ("http_proxy", "grpc_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        for name in ("no_proxy", "no_grpc_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        client = Client(Reach("localhost:1", api_key="gmsm_canary"), "organisations/b")
        with pytest.raises(RegistryRefused):
            await client.generation()
        await client.close()
    assert met == []
    with pytest.raises(Unready, match="without TLS"):
        Reach("registry.example.se:7400", api_key="gmsm_canary")
