"""A plain TCP balancer before several servers: each connection to the next one that listens, and nothing else."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterable

from tests.faults.proxy import Link, Proxy, Streams, proxy


class Backends:
    """The servers that it knows, by address. Connections go to those of `addresses` that listen."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self.addresses = list(addresses)
        self._turn = itertools.count()

    async def connect(self) -> Streams:
        """A connection to the next server. Errors: OSError when none listens."""
        turn = next(self._turn)
        order = [self.addresses[(turn + step) % len(self.addresses)] for step in range(len(self.addresses))]
        for address in order:
            host, _, port = address.rpartition(":")
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(host, int(port))
        raise ConnectionRefusedError(f"none of {order} listens")


@contextlib.asynccontextmanager
async def balancer(backends: Backends) -> AsyncIterator[Proxy]:
    """A balancer as long as the block lasts."""

    def whole(_link: Link, data: bytes, _back: bool) -> int:
        return len(data)

    async with proxy(backends.connect, whole) as state:
        yield state
