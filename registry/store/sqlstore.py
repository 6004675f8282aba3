"""The one SQL store: a writer thread that commits in groups, a small reader pool, and the signal of new commits."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from registry.errors import Precondition
from registry.store import Command, Committed, Lease, View, utc_now
from registry.store.dialects import POOL_SIZE, make_engine, translate
from registry.store.migrate import ensure
from registry.store.positions import lease
from registry.store.reader import Snapshot
from registry.store.writer import Writer

T = TypeVar("T")
POLL_SECONDS = 0.1
SNAPSHOTS = 4


class Snap:
    """An open snapshot read page by page from the loop."""

    def __init__(self, snapshot: Snapshot, pool: ThreadPoolExecutor) -> None:
        self._snapshot, self._pool = snapshot, pool
        self.revision, self.generation = snapshot.revision, snapshot.generation

    async def documents(self, kinds: Sequence[str]) -> AsyncIterator[list[tuple[str, str, bytes]]]:
        """Every resource as (kind, name, document), in pages."""
        loop, pages = asyncio.get_running_loop(), self._snapshot.documents(kinds)
        while (batch := await loop.run_in_executor(self._pool, next, pages, None)) is not None:
            yield batch


class SqlStore:
    """SQLite or PostgreSQL behind one implementation."""

    def __init__(self, writer: Engine, reader: Engine, now: Callable[[], datetime]) -> None:
        self._write_engine, self._read_engine = writer, reader
        self._pool = ThreadPoolExecutor(POOL_SIZE - SNAPSHOTS, thread_name_prefix="gemensam-reader")
        self._snapshot_pool = ThreadPoolExecutor(SNAPSHOTS, thread_name_prefix="gemensam-snapshot")
        self._snapshots = asyncio.Semaphore(SNAPSHOTS)
        self._waiters: set[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = set()
        self.head_revision = self._head()
        self._writer = Writer(writer, now, self._committed)

    async def write(self, command: Command) -> Committed:
        """Queue the command for the next group commit; durable when this returns."""
        return await self._writer.submit(command)

    async def read(self, work: Callable[[View], T], min_revision: int = 0) -> T:
        """Run `work` on a reader thread against one snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, work, min_revision)

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snap]:
        """A snapshot that stays open while its pages are read; at most four at a time, others wait."""
        loop = asyncio.get_running_loop()
        async with self._snapshots:
            connection = await loop.run_in_executor(self._snapshot_pool, self._read_engine.connect)
            try:
                snapshot = await loop.run_in_executor(self._snapshot_pool, Snapshot, connection)
                yield Snap(snapshot, self._snapshot_pool)
            finally:
                await loop.run_in_executor(self._snapshot_pool, connection.close)

    async def committed(self, after: int, timeout: float) -> int:
        """Wait until the head is beyond `after` or `timeout` seconds passed; returns the head known."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while self.head_revision <= after and (left := deadline - loop.time()) > 0:
            await self._signal(min(left, POLL_SECONDS))
            if self.head_revision <= after:  # another process may have written
                self._seen(await loop.run_in_executor(self._pool, self._head))
        return self.head_revision

    async def lease(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Take or renew the lead of a reader of the ledger; None while another holds it."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lease, self._write_engine, name, owner, seconds)

    def close(self) -> None:
        """Finish queued writes and close every connection."""
        self._writer.close()
        self._pool.shutdown()
        self._snapshot_pool.shutdown()
        self._write_engine.dispose()
        self._read_engine.dispose()

    def _read(self, work: Callable[[View], T], min_revision: int) -> T:
        try:
            with self._read_engine.connect() as connection:
                view = Snapshot(connection)
                self._seen(view.revision)
                if view.revision < min_revision:
                    message = f"Revision {min_revision} has not been reached here; the newest is {view.revision}."
                    numbers: dict[str, Any] = {"requested_revision": min_revision, "head_revision": view.revision}
                    raise Precondition("REVISION_IN_FUTURE", message, **numbers)
                return work(view)
        except DBAPIError as error:
            raise translate(error) from error

    def _head(self) -> int:
        with self._read_engine.connect() as connection:
            return Snapshot(connection).revision

    async def _signal(self, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        waiter = (loop, loop.create_future())
        self._waiters.add(waiter)
        try:
            await asyncio.wait([waiter[1]], timeout=timeout)
        finally:
            self._waiters.discard(waiter)

    def _committed(self, revision: int) -> None:
        """From the writer thread: a commit is durable."""
        self._seen(revision)
        for loop, future in list(self._waiters):
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake, future)

    def _seen(self, revision: int) -> None:
        if revision > self.head_revision:
            self.head_revision = revision


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def open_store(url: str, *, now: Callable[[], datetime] = utc_now, migrate: bool = True) -> SqlStore:
    """Open the store at an SQLAlchemy URL; `migrate` brings its tables up to date first."""
    ensure(url, migrate=migrate)
    return SqlStore(make_engine(url, writer=True), make_engine(url, writer=False), now)
