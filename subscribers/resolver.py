"""Looks hosts up several at a time and within a bound, so that no name server can hold up a pass."""

import concurrent.futures
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from subscribers.policy import Unresolved
from subscribers.workers import Workers

AT_ONCE = 16
BOUND_SECONDS = 2.0  # what a pass waits for its lookups
FRESH_SECONDS = 5.0  # an answer is good for the passes that follow each other closely
STALE_SECONDS = 3600.0  # how long an answer stands in while name servers are silent
NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


class NoSuchName(Unresolved):
    """A name server says that the name has no address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a lookup gave, and when."""

    addresses: Sequence[str]
    time: float


class Resolver:
    """What hosts resolve to. `prepare` looks up; calling it only tells what is known then."""

    def __init__(
        self, look_up: Callable[[str], Sequence[str]] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._look_up, self._clock = look_up or addresses, clock
        self._workers = Workers(AT_ONCE, "lookup")
        self._known: dict[str, Answer] = {}
        self._asked: dict[str, Future[Sequence[str]]] = {}
        self._tried: dict[str, float] = {}

    def prepare(self, hosts: Iterable[str]) -> None:
        """Look up every host whose answer is no longer fresh. Waits at most BOUND_SECONDS; the rest comes later."""
        wanted, now = set(hosts), self._clock()
        self._known = {host: known for host, known in self._known.items() if host in wanted}
        self._tried = {
            host: tried for host, tried in self._tried.items() if host in wanted and tried + FRESH_SECONDS > now
        }
        self._collect()
        due = sorted(wanted - self._asked.keys() - self._tried.keys())
        for host in due:
            self._asked[host] = self._workers.submit(self._look_up, host)
        concurrent.futures.wait([self._asked[host] for host in due], BOUND_SECONDS)
        self._collect()

    def __call__(self, host: str) -> Sequence[str]:
        """The addresses of a host. Errors: Unresolved."""
        known = self._known.get(host)
        if known is None or known.time + STALE_SECONDS <= self._clock():
            raise Unresolved(f"{host} has no address now")
        return known.addresses

    def close(self) -> None:
        """Look nothing more up."""
        self._workers.close()

    def _collect(self) -> None:
        for host, asked in [(host, asked) for host, asked in self._asked.items() if asked.done()]:
            del self._asked[host]
            self._tried[host] = self._clock()
            error = asked.exception()
            if error is None:
                self._known[host] = Answer(asked.result(), self._clock())
            elif isinstance(error, NoSuchName):
                self._known.pop(host, None)
            elif not isinstance(error, Unresolved):
                raise error


def addresses(host: str) -> Sequence[str]:
    """Every address of a host, by the system, of the families that this machine has. Errors: Unresolved."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except (OSError, UnicodeError) as error:
        gone = isinstance(error, socket.gaierror) and error.errno in NO_SUCH_NAME
        raise (NoSuchName if gone else Unresolved)(f"{host} has no address now") from error
    return [str(entry[4][0]).partition("%")[0] for entry in found]
