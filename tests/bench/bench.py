"""What every group of rows works with: the floor, the clients, a folder, and how long to measure."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import load, seed
from tests.bench.engines import Databases
from tests.bench.load import Job
from tests.bench.measure import Sample, once
from tests.bench.processes import Server

FLOOR_REQUEST = bytes(64)


@dataclass(slots=True)
class Bench:
    """One run. `tell` shows what is being measured."""

    quick: bool
    folder: Path
    databases: Databases
    floor: Server
    clients: ProcessPoolExecutor
    tell: Callable[[str], None]
    _stack: ExitStack
    _catalogue: tuple[int, Server] | None = field(default=None)

    @property
    def rounds(self) -> int:
        """How often each measure is repeated."""
        return 2 if self.quick else 5

    @property
    def seconds(self) -> float:
        """How long one measure takes."""
        return 0.4 if self.quick else 1.0

    def at_floor(self, reply_bytes: int, callers: int, authorization: str = "") -> Sample:
        """One round of the bare echo, which does not look at the header."""
        path = f"/floor/{reply_bytes}"
        job = Job(self.floor.address, path, [FLOOR_REQUEST], callers, self.seconds, authorization=authorization)
        return once(self.floor, self.clients, job)

    def serve(self, url: str, *options: str) -> Server:
        """A registry in a process of its own, until the run ends or it is stopped."""
        return self._stack.enter_context(Server("server", url, *options))

    def catalogue(self, size: int) -> Server:
        """A registry on SQLite with that many offerings. It only grows."""
        url = f"sqlite:///{self.folder}/catalogue.db"
        there, server = self._catalogue or (0, None)
        if server is None or there != size:
            if server:
                server.stop()
            seed.fill(url, size, there, lambda done, total: self.tell(f"writing offerings: {done} of {total}"))
            server = self.serve(url)
            self.tell("waiting until every reader of the ledger is idle")
            server.settled_cpu()
            self._catalogue = (size, server)
        return server


@contextmanager
def opened(*, quick: bool, postgres: bool, tell: Callable[[str], None]) -> Iterator[Bench]:
    """A bench for as long as the block lasts; leaves no process and no file behind."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gemensam-bench-")))
        databases = stack.enter_context(Databases(folder, postgres=postgres))
        floor = stack.enter_context(Server("floor"))
        clients = stack.enter_context(load.pool())
        yield Bench(quick, folder, databases, floor, clients, tell, stack)
