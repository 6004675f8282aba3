"""The composition root: plain constructor calls, every role in one task group, one orderly stop."""

import asyncio
import contextlib
import signal
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import structlog

from registry import services
from registry.rpc.server import RpcServer, require_loopback
from registry.rpc.tail import Tail
from registry.rpc.watch import Limits
from registry.services.matching import Matcher
from registry.settings import Settings
from registry.store import Store, utc_now
from registry.store.sqlstore import open_store
from registry.web import application
from registry.web.server import web_server

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """A registry that serves: its real addresses, and its store."""

    grpc_address: str
    web_address: str
    store: Store


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """A registry for as long as the block lasts. Errors: Precondition for an address, the store's errors."""
    store = await asyncio.to_thread(open_store, settings.url())
    try:
        tail = Tail(store)
        await tail.start()
        rpc = RpcServer(
            services.build(store, utc_now),
            store,
            tail,
            Limits(slow_reader=settings.slow_reader_seconds, stream=settings.stream_seconds),
        )
        await rpc.start(settings.grpc_address)
        owner = f"{socket.gethostname()}/{uuid.uuid4().hex[:8]}"
        roles = [asyncio.create_task(tail.run()), asyncio.create_task(Matcher(store, owner, utc_now).run())]
        try:
            async with _web(settings, rpc, roles) as web_address:
                yield Running(rpc.address, web_address, store)
        finally:
            await rpc.stop()
            for role in roles:
                role.cancel()
            await asyncio.gather(*roles, return_exceptions=True)
    finally:
        await asyncio.to_thread(store.close)


@contextlib.asynccontextmanager
async def _web(settings: Settings, rpc: RpcServer, roles: list[asyncio.Task[None]]) -> AsyncIterator[str]:
    if not settings.web_address:
        yield ""
        return
    require_loopback(settings.web_address.rpartition(":")[0], "GEMENSAM_WEB_ADDRESS", settings.web_address)
    page = application(rpc.address, lambda: not any(role.done() for role in roles))
    server = web_server(page, settings.web_address)
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if serving.done():
        await serving
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield f"{host}:{port}"
    finally:
        server.should_exit = True
        await serving


async def serve(settings: Settings, ready: Callable[[Running], None] = lambda _running: None) -> None:
    """Serve until SIGTERM or SIGINT, then stop in order."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(settings) as registry:
        log.info("registry.serving", grpc=registry.grpc_address, web=registry.web_address, **_open_words())
        ready(registry)
        await stop.wait()
        log.info("registry.stopping")


def _open_words() -> dict[str, str]:
    return {"note": "callers are not identified yet: open on loopback only"}
