"""The one SQL store: a writer thread that commits in groups, a small reader pool, and the signal of new commits."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from registry.api.v1.change_pb2 import Change
from registry.domain.authority import EVERYTHING, Sight
from registry.errors import Precondition
from registry.store import Command, Committed, Lease, Leaves, View, utc_now
from registry.store.batch import OpenBatch
from registry.store.dialects import POOL_SIZE, explained, in_time, make_engine
from registry.store.migrate import ensure
from registry.store.positions import lease, reposition
from registry.store.reader import Snapshot
from registry.store.recent import Recent
from registry.store.tree import Tree, grow
from registry.store.writer import Writer

T = TypeVar("T")
POLL_SECONDS = 0.1
SNAPSHOTS = 4


class Snap:
    """An open snapshot read page by page from the loop."""

    def __init__(self, snapshot: Snapshot, pool: ThreadPoolExecutor) -> None:
        self._snapshot, self._pool = snapshot, pool
        self._reading: asyncio.Future[Any] | None = None
        self.revision, self.generation = snapshot.revision, snapshot.generation

    async def documents(self, kinds: Sequence[str]) -> AsyncIterator[list[tuple[str, str, bytes]]]:
        """Every resource as (kind, name, document), in pages."""
        loop, pages = asyncio.get_running_loop(), self._snapshot.documents(kinds)
        while True:
            self._reading = loop.run_in_executor(self._pool, _next, pages)
            if (batch := await asyncio.shield(self._reading)) is None:
                return
            yield batch

    async def idle(self) -> None:
        """Until no thread reads any more: a reader that left in the middle of a page does not stop its thread."""
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)


class SqlStore:
    """SQLite or PostgreSQL behind one implementation."""

    def __init__(self, writer: Engine, reader: Engine, now: Callable[[], datetime]) -> None:
        self._write_engine, self._read_engine = writer, reader
        self._pool = ThreadPoolExecutor(POOL_SIZE - SNAPSHOTS, thread_name_prefix="gemensam-reader")
        self._snapshot_pool = ThreadPoolExecutor(SNAPSHOTS, thread_name_prefix="gemensam-snapshot")
        self._snapshots = asyncio.Semaphore(SNAPSHOTS)
        self._waiters: set[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = set()
        self.head_revision = self._head()
        self._look_at = 0.0
        self._recent = Recent()
        self._writer = Writer(writer, now, self._committed)

    async def write(self, command: Command) -> Committed:
        """Queue the command for the next group commit; durable when this returns."""
        return await self._writer.submit(command)

    async def read(self, work: Callable[[View], T], min_revision: int = 0, sight: Sight = EVERYTHING) -> T:
        """Run `work` on a reader thread against one snapshot, as far as it is shown."""
        ask = (work, min_revision, sight, time.monotonic())
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, *ask)

    def newest(self, start: int) -> Sequence[Change]:
        """Entries of the ledger from a revision on that are at hand without reading."""
        return self._recent.since(start)

    @contextlib.asynccontextmanager
    async def snapshot(self, sight: Sight = EVERYTHING) -> AsyncIterator[Snap]:
        """A snapshot that stays open while its pages are read; at most four at a time, others wait."""
        loop = asyncio.get_running_loop()
        async with self._snapshots:
            connection, snapshot = await loop.run_in_executor(self._snapshot_pool, self._open, sight)
            snap = Snap(snapshot, self._snapshot_pool)
            try:
                yield snap
            finally:
                await snap.idle()
                await loop.run_in_executor(self._snapshot_pool, connection.close)

    async def committed(self, after: int, timeout: float) -> int:
        """Wait until the head is beyond `after` or `timeout` seconds passed; returns the head known."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while self.head_revision <= after and (left := deadline - loop.time()) > 0:
            await self._signal(loop, min(left, POLL_SECONDS))
            if self.head_revision <= after and time.monotonic() >= self._look_at:  # another process may have written
                self._look_at = time.monotonic() + POLL_SECONDS / 2  # one look serves all that wait
                self._seen(await loop.run_in_executor(self._pool, self._head))
        return self.head_revision

    async def lease(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Take or renew the lead of a reader of the ledger; None while another holds it."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._lease, name, owner, seconds)

    async def reposition(self, name: str, revision: int) -> None:
        """Let a reader of the ledger go on from another revision; whoever leads it must take the lease again."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._pool, self._reposition, name, revision)

    async def prove(self, work: Callable[[View, Leaves], T]) -> T:
        """Let the tree over the ledger grow to the head, then run `work` as `read` does, with the tree beside it."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._prove, work)

    async def failure(self) -> None:
        """Until the disk did not keep a commit; then raises. Nothing is written from then on."""
        await asyncio.wrap_future(self._writer.failed)

    def close(self) -> None:
        """Finish queued writes and close every connection."""
        self._writer.close()
        self._pool.shutdown()
        self._snapshot_pool.shutdown()
        self._write_engine.dispose()
        self._read_engine.dispose()

    def _read(self, work: Callable[[View], T], min_revision: int, sight: Sight, since: float) -> T:
        with explained(), contextlib.ExitStack() as open_:
            with in_time(self._read_engine, since):
                view = Snapshot(open_.enter_context(self._read_engine.connect()), sight)
            self._seen(view.revision)
            if view.revision < min_revision:
                message = f"Revision {min_revision} has not been reached here; the newest is {view.revision}."
                numbers: dict[str, Any] = {"requested_revision": min_revision, "head_revision": view.revision}
                raise Precondition("REVISION_IN_FUTURE", message, **numbers)
            return work(view)

    def _prove(self, work: Callable[[View, Leaves], T]) -> T:
        with explained():
            with self._read_engine.connect() as connection:
                view, tree = Snapshot(connection), Tree(connection)
                if tree.size == view.revision:
                    return work(view, tree)
            grow(self._write_engine)
            with self._read_engine.connect() as connection:
                return work(Snapshot(connection), Tree(connection))

    def _head(self) -> int:
        engine = self._read_engine
        with explained(), in_time(engine), engine.connect() as connection:
            return Snapshot(connection).revision

    def _open(self, sight: Sight) -> tuple[Connection, Snapshot]:
        with explained(), in_time(self._read_engine):
            connection = self._read_engine.connect()
            try:
                return connection, Snapshot(connection, sight)
            except BaseException:
                connection.close()
                raise

    def _lease(self, name: str, owner: str, seconds: float) -> Lease | None:
        with explained(), in_time(self._write_engine):
            return lease(self._write_engine, name, owner, seconds)

    def _reposition(self, name: str, revision: int) -> None:
        with explained(), in_time(self._write_engine):
            reposition(self._write_engine, name, revision)

    async def _signal(self, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        waiter = (loop, loop.create_future())
        self._waiters.add(waiter)
        late = loop.call_later(timeout, _wake, [waiter[1]])
        try:
            await waiter[1]
        finally:
            late.cancel()
            self._waiters.discard(waiter)

    def _committed(self, batch: OpenBatch) -> None:
        """From the writer thread: a commit is durable."""
        self._recent.add(batch.generation, batch.changes)
        self._seen(batch.revision)
        waiting: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
        for loop, future in list(self._waiters):
            waiting.setdefault(loop, []).append(future)
        for loop, futures in waiting.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake, futures)

    def _seen(self, revision: int) -> None:
        self.head_revision = max(self.head_revision, revision)


def _next(pages: Iterator[T]) -> T | None:
    with explained():
        return next(pages, None)


def _wake(futures: "list[asyncio.Future[None]]") -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def open_store(url: str, *, now: Callable[[], datetime] = utc_now, migrate: bool = True) -> SqlStore:
    """Open the store at an SQLAlchemy URL; `migrate` brings its tables up to date first."""
    ensure(url, migrate=migrate)
    return SqlStore(make_engine(url, writer=True, serving=True), make_engine(url, writer=False, serving=True), now)
