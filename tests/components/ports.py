"""Free ports on loopback."""

import contextlib
import os
import socket
from collections.abc import Iterator

# Below what the system gives to connections by itself, and apart for each process that runs tests: nobody else takes
# a port between here and the program that is told of it.
FIRST, EACH = 12_000, 2_000


def free_port() -> int:
    """A port that is free, and that this process gives only once."""
    for port in _ports:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")


def _all() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST + worker % 10 * EACH
    yield from range(first + os.getpid() % (EACH // 2), first + EACH)


_ports = _all()
