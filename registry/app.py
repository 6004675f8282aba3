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
from dataclasses import dataclass, replace
from typing import Any

import structlog

from registry import services
from registry.errors import Precondition
from registry.evidence import keyfile
from registry.evidence.notes import Signer
from registry.identity import local_key
from registry.identity.trust import Trust
from registry.kafka import connection
from registry.relay.rebuild import READER
from registry.rpc.buckets import Rates
from registry.rpc.doorkeeper import Door, Doorkeeper
from registry.rpc.server import RpcServer, Serving, is_loopback, require_loopback
from registry.rpc.tail import Tail
from registry.rpc.viewer import Limits
from registry.services.calendar import Calendar
from registry.services.matching import Matcher
from registry.services.refusals import Refusals
from registry.settings import Settings
from registry.store import Store, utc_now
from registry.store.leading import Leader
from registry.store.sqlstore import open_store
from registry.web import application
from registry.web.entrance import Entrance
from registry.web.logins import Logins
from registry.web.server import listen, web_server
from registry.web.tls import ssl_context

log = structlog.get_logger(__name__)
Role = Coroutine[Any, Any, None]
SWITCH_SECONDS = 0.0005  # a tenth of the usual: the thread that makes pages must not hold up the loop that sends them
GARBAGE_AFTER = 10_000  # objects; cycles are few here, and looking for them stops everything


@dataclass(frozen=True, slots=True)
class Running:
    """A registry that serves: its real addresses, its store, and whether whoever reaches it is the operator."""

    grpc_address: str
    web_address: str
    store: Store
    certificate_address: str = ""
    open: bool = False


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """A registry for as long as the block lasts.

    Errors: Precondition for an address, the store's errors. A role that fails later cancels the block and comes out
    as an ExceptionGroup: a registry that is half alive must not look alive.
    """
    trust = Trust.load(settings.trust) if settings.trust else None
    store = await asyncio.to_thread(open_store, settings.url())
    try:
        tail, refusals = Tail(store), Refusals(store, utc_now)
        await tail.start()
        rules = _door(settings, trust)
        door = Doorkeeper(rules, store, tail, refusals, utc_now)
        servers = _servers(settings, store, tail, door, rules)
        try:
            for address, server in servers.items():
                await server.start(address)
            grpc_address = servers[settings.grpc_address].address
            logins = _logins(rules, door, refusals, trust)
            page = application(
                grpc_address, lambda: tail.well and not tail.closing, store, lambda: tail.position, logins
            )
            web_address, web = _web(settings, page, trust)
            owner = _owner()
            announcing = [_relay(settings, store, owner).run()] if settings.kafka_bootstrap else []
            matching = [Matcher(store, owner, utc_now).run(), Calendar(store, utc_now).run()]
            watching = [tail.run(), store.failure(), refusals.run(), *([trust.run()] if trust else [])]
            async with _together(*watching, *matching, *announcing, *web):
                second = servers[settings.certificate_address].address if settings.certificate_address else ""
                yield Running(grpc_address, web_address, store, second, open=rules.open)
        finally:
            await asyncio.gather(*(server.stop() for server in servers.values()))
    finally:
        await asyncio.to_thread(store.close)


def _door(settings: Settings, trust: Trust | None) -> Door:
    """Open only where nobody but this machine calls, and nobody asked for more."""
    served = trust is not None and trust.serving is not None
    loopback = is_loopback(settings.grpc_address.rpartition(":")[0])
    return Door(
        open=settings.identity == "loopback" and loopback and not served,
        trust=trust,
        operators=frozenset(each.strip() for each in settings.operators.split(",") if each.strip()),
        folder=None if settings.database_url else settings.data,
    )


def _servers(settings: Settings, store: Store, tail: Tail, door: Doorkeeper, rules: Door) -> dict[str, RpcServer]:
    """The servers by their addresses: one for tokens and keys, and one for certificates where it is asked for."""
    limits = Limits(slow_reader=settings.slow_reader_seconds, stream=settings.stream_seconds, streams=settings.streams)
    rate = settings.calls_per_second
    serving = Serving(
        door=door,
        limits=limits,
        rates=Rates(rate, 2 * rate, settings.calls_under_way),
        trust=rules.trust,
        reflection=settings.reflection and is_loopback(settings.grpc_address.rpartition(":")[0]),
    )
    built = services.build(store, utc_now, signing_key(settings), rules.operators)
    servers = {settings.grpc_address: RpcServer(built, store, tail, serving)}
    if settings.certificate_address:
        servers[settings.certificate_address] = RpcServer(built, store, tail, replace(serving, certificates=True))
    return servers


def signing_key(settings: Settings, *, make: bool = True) -> Signer | None:
    """The key that signs checkpoints: the one that is named, else that of the data folder, made at the first start.

    None where a database is shared and no key is: a key of each server would be no proof. Errors: EVIDENCE_INVALID.
    """
    if settings.signing_key is not None:
        return keyfile.read(settings.signing_key)
    if settings.database_url:
        return None
    file = settings.data.resolve() / keyfile.NAME
    return keyfile.made(file) if make else keyfile.read(file)


def _logins(rules: Door, door: Doorkeeper, refusals: Refusals, trust: Trust | None) -> Logins:
    """The web face asks for a credential where gRPC does, and recognises it by the same doorkeeper; people log in."""
    if rules.open:
        return Logins(Entrance())
    secure = trust is not None and trust.serving is not None
    entrance = Entrance(lambda credential, host: door.recognised(credential, b"", host), refusals, secure)
    return Logins(entrance, trust)


def _web(settings: Settings, page: Any, trust: Trust | None) -> tuple[str, list[Role]]:
    """By TLS where the registry has a certificate; without one only for this machine."""
    if not settings.web_address:
        return "", []
    tls = ssl_context(trust) if trust is not None and trust.serving is not None else None
    if tls is None:
        require_loopback(settings.web_address.rpartition(":")[0], "GEMENSAM_WEB_ADDRESS", settings.web_address)
    listening = listen(settings.web_address)
    host, port = listening.getsockname()[:2]
    return f"{host}:{port}", [web_server(page, tls).run_until_cancelled(listening)]


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
            _keep_the_heap()
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


async def serve(
    settings: Settings,
    ready: Callable[[Running], None] = lambda _running: None,
    told: Callable[[str], None] = lambda _key: None,
) -> None:
    """Serve until SIGTERM or SIGINT, then stop in order. `told` is given the operator's key when it has been made."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(settings) as registry:
        _keep_the_heap()
        log.info("registry.serving", grpc=registry.grpc_address, web=registry.web_address, open=registry.open)
        ready(registry)
        if not settings.database_url and (made := local_key.ensure(settings.data, utc_now())):
            told(made)
        await stop.wait()
        log.info("registry.stopping")
