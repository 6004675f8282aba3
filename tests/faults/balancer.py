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
        self._cuts = 0

    async def connect(self) -> Streams:
        """A connection to the next server. Errors: OSError when none listens."""
        turn = next(self._turn)
        order = [self.addresses[(turn + step) % len(self.addresses)] for step in range(len(self.addresses))]
        for address in order:
            host, _, port = address.rpartition(":")
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(host, int(port))
        raise ConnectionRefusedError(f"none of {order} listens")

    def cut(self) -> None:
        """Reset every connection that there is, as soon as it has something to say."""
        self._cuts += 1

    def passes(self, link: Link, data: bytes, _back: bool) -> int:
        """The rule of its proxy: everything, on connections that were made since the last cut."""
        link.limit = link.limit or self._cuts + 1
        return len(data) if link.limit == self._cuts + 1 else 0


@contextlib.asynccontextmanager
async def balancer(backends: Backends) -> AsyncIterator[Proxy]:
    """A balancer as long as the block lasts."""
    async with proxy(backends.connect, backends.passes) as state:
        yield state
