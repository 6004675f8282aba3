"""A TCP proxy of our own that resets connections when a rule says so, or lets nothing through any more."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
CHUNK, FLUSH_SECONDS = 65536, 5
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Link:
    """One connection: bytes that came back so far, how many may, and whether the next answer is cut off."""

    returned: int = 0
    limit: int = 0
    doomed: bool = False


# How many of the bytes may pass; when not all, the connection is then reset. `back`: from the server to the client.
Rule = Callable[[Link, bytes, bool], int]


@dataclass(slots=True)
class Proxy:
    """Where it listens, and how many connections it has reset. Bytes pass while `open` is set: else a black hole."""

    port: int = 0
    resets: int = 0
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"


@contextlib.asynccontextmanager
async def proxy(connect: Callable[[], Awaitable[Streams]], rule: Rule) -> AsyncIterator[Proxy]:
    """A proxy before what `connect` reaches."""
    state, links = Proxy(), set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        links.add(task)
        try:
            state.resets += await _relay((reader, writer), await connect(), rule, state.open)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            links.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        for link in list(links):
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)
        await server.wait_closed()


async def _relay(client: Streams, server: Streams, rule: Rule, is_open: asyncio.Event) -> bool:
    """Pass data both ways until one side ends, or the rule says no; then reset both. Whether it was the rule."""
    link = Link()
    ways = [
        asyncio.ensure_future(_pass(link, client[0], server[1], rule, is_open, back=False)),
        asyncio.ensure_future(_pass(link, server[0], client[1], rule, is_open, back=True)),
    ]
    try:
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if refused := any(way.result() for way in done):
            return refused
        await _end(client[1], server[1])
        return False
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for _, writer in (client, server):
            _reset(writer)


async def _pass(
    link: Link,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    rule: Rule,
    is_open: asyncio.Event,
    *,
    back: bool,
) -> bool:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            await is_open.wait()
            allowed = rule(link, data, back)
            link.returned += allowed if back else 0
            writer.write(data[:allowed])
            await writer.drain()
            if allowed < len(data):
                return True
    return False


async def _end(*writers: asyncio.StreamWriter) -> None:
    """Let what was said last arrive: a server that stops in order has said where to go on."""
    for writer in writers:
        writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(FLUSH_SECONDS):
            for writer in writers:
                await writer.wait_closed()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
