"""The composition root: plain constructor calls, every role in one task group, one orderly stop."""

import asyncio
import contextlib
import gc
import importlib.util
import os
import signal
import socket
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from registry import services
from registry.errors import Precondition
from registry.kafka import connection
from registry.relay.rebuild import READER
from registry.rpc.server import RpcServer, require_loopback
from registry.rpc.tail import Tail
from registry.rpc.watch import Limits
from registry.services.calendar import Calendar
from registry.services.matching import Matcher
from registry.settings import Settings
from registry.store import Store, utc_now
from registry.store.leading import Leader
from registry.store.sqlstore import open_store
from registry.web import application
from registry.web.server import listen, web_server

log = structlog.get_logger(__name__)
Role = Coroutine[Any, Any, None]
SWITCH_SECONDS = 0.0005  # a tenth of the usual: the thread that makes pages must not hold up the loop that sends them
GARBAGE_AFTER = 10_000  # objects; cycles are few here, and looking for them stops everything


@dataclass(frozen=True, slots=True)
class Running:
    """A registry that serves: its real addresses, and its store."""

    grpc_address: str
    web_address: str
    store: Store


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """A registry for as long as the block lasts.

    Errors: Precondition for an address, the store's errors. A role that fails later cancels the block and comes out
    as an ExceptionGroup: a registry that is half alive must not look alive.
    """
    store = await asyncio.to_thread(open_store, settings.url())
    try:
        tail = Tail(store)
        await tail.start()
        limits = Limits(slow_reader=settings.slow_reader_seconds, stream=settings.stream_seconds)
        rpc = RpcServer(services.build(store, utc_now), store, tail, limits)
        try:
            await rpc.start(settings.grpc_address)
            web_address, web = _web(settings, rpc.address, tail, store)
            owner = _owner()
            announcing = [_relay(settings, store, owner).run()] if settings.kafka_bootstrap else []
            matching = [Matcher(store, owner, utc_now).run(), Calendar(store, utc_now).run()]
            async with _together(tail.run(), store.failure(), *matching, *announcing, *web):
                yield Running(rpc.address, web_address, store)
        finally:
            await rpc.stop()
    finally:
        await asyncio.to_thread(store.close)


def _web(settings: Settings, rpc_address: str, tail: Tail, store: Store) -> tuple[str, list[Role]]:
    if not settings.web_address:
        return "", []
    require_loopback(settings.web_address.rpartition(":")[0], "GEMENSAM_WEB_ADDRESS", settings.web_address)
    page = application(rpc_address, lambda: tail.well and not tail.closing, store)
    listening = listen(settings.web_address)
    host, port = listening.getsockname()[:2]
    return f"{host}:{port}", [web_server(page).run_until_cancelled(listening)]


@contextlib.asynccontextmanager
async def _together(*roles: Role) -> AsyncIterator[None]:
    """Roles run beside the block and end with it. One that fails, or ends by itself, ends the block and the others."""
    raised: Exception | None = None
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_endless(role)) for role in roles]
        try:
            await asyncio.sleep(0)  # each has begun, so that each can end in its own order
            yield
        except Exception as error:  # noqa: BLE001 - the block's own error goes on as it is, not in a group
            raised = error
        finally:
            for task in tasks:
                task.cancel()
    if raised is not None:
        raise raised


async def _endless(role: Role) -> None:
    await role
    name = getattr(role, "__qualname__", "a role")
    raise RuntimeError(f"{name} ended by itself")


def kafka(settings: Settings) -> dict[str, Any]:
    """What every Kafka client is made with. Errors: EXTRA_MISSING, KAFKA_NOT_SECURED."""
    if importlib.util.find_spec("aiokafka") is None:
        text = "Kafka needs the extra `kafka`: pip install 'gemensam[kafka]'."
        raise Precondition("EXTRA_MISSING", text, extra="kafka")
    try:
        return connection(
            settings.kafka_bootstrap,
            settings.kafka_security,
            allow_plaintext=settings.kafka_allow_plaintext,
            ca=settings.kafka_ca,
            certificate=settings.kafka_certificate,
            key=settings.kafka_key,
            user=settings.kafka_user,
            password=settings.kafka_password.get_secret_value(),
        )
    except (ValueError, OSError) as error:
        raise Precondition("KAFKA_NOT_SECURED", str(error), setting="GEMENSAM_KAFKA_SECURITY") from error


def _relay(settings: Settings, store: Store, owner: str) -> Any:
    reach = kafka(settings)
    from registry.relay import relay  # noqa: PLC0415 - only where its extra is installed
    from registry.relay.publisher import Publisher  # noqa: PLC0415

    sys.setswitchinterval(SWITCH_SECONDS)
    leader = Leader(store, READER, owner)
    return relay.Relay(store, leader, Publisher(reach, leader.holds), reach)


@contextlib.asynccontextmanager
async def relaying(settings: Settings) -> AsyncIterator[Store]:
    """A relay alone, for as long as the block lasts. Errors: as `running`."""
    store = await asyncio.to_thread(open_store, settings.url(existing=True), migrate=False)
    try:
        owner = _owner()
        async with _together(store.failure(), _relay(settings, store, owner).run()):
            yield store
    finally:
        await asyncio.to_thread(store.close)


def _owner() -> str:
    """Who leads, for people who look for it: machine and process, and what tells it from the next one there."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"


async def until_told(ready: Callable[[], None]) -> None:
    """Wait for SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ready()
    await stop.wait()


def _keep_the_heap() -> None:
    """What was made at the start stays: walking through it in search of garbage would stop every stream for 0.1 s."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER)


async def serve(settings: Settings, ready: Callable[[Running], None] = lambda _running: None) -> None:
    """Serve until SIGTERM or SIGINT, then stop in order."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(settings) as registry:
        _keep_the_heap()
        log.info("registry.serving", grpc=registry.grpc_address, web=registry.web_address, **_open_words())
        ready(registry)
        await stop.wait()
        log.info("registry.stopping")


def _open_words() -> dict[str, str]:
    return {"note": "callers are not identified yet: open on loopback only"}
