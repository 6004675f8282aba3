"""Group commit: commands queue, one thread runs what waits in one transaction, and each caller gets its own answer."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from time import perf_counter
from typing import Any

import structlog
from google.protobuf import symbol_database
from google.protobuf.message import Message
from opentelemetry.trace import SpanKind
from sqlalchemy import Connection, Engine, select, tuple_
from sqlalchemy.exc import DBAPIError

from registry import telemetry
from registry.errors import Conflict, RegistryError, TooLarge, Unavailable
from registry.store import Command, Committed
from registry.store.batch import OpenBatch
from registry.store.dialects import in_time, is_not_kept, is_serialisation_failure, translate
from registry.store.flush import REQUESTS, flush, forget_answers
from registry.store.known import Known
from registry.store.ledger import locked_head
from registry.telemetry import attributes as names
from registry.telemetry import metrics

MAX_BATCH = 512
MAX_ATTEMPTS = 4
FORGET_EVERY = 256
log = structlog.get_logger(__name__)
Outcome = Committed | BaseException


class Job:
    """A command and the place where its caller waits."""

    __slots__ = ("command", "future", "loop", "outcome")

    def __init__(self, command: Command) -> None:
        self.command = command
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Committed] = self.loop.create_future()
        self.outcome: Outcome | None = None

    def deliver(self) -> None:
        """On the caller's loop: hand over the outcome."""
        if self.future.done():
            return
        if isinstance(self.outcome, Committed):
            self.future.set_result(self.outcome)
        else:
            self.future.set_exception(self.outcome or RuntimeError("the writer gave no outcome"))


class OutOfReach(Exception):
    """The store did not answer, or has no room; `shown` is what callers hear."""

    def __init__(self, shown: Exception) -> None:
        super().__init__(str(shown))
        self.shown = shown


class Writer:
    """The one thread that writes. `on_commit` is called from it after each commit that moved the head.

    `failed` ends with an error when the disk did not keep a commit. Nothing is written from then on: a second attempt
    might seem to succeed.
    """

    def __init__(self, engine: Engine, now: Callable[[], datetime], on_commit: Callable[[OpenBatch], None]) -> None:
        self._engine, self._now, self._on_commit = engine, now, on_commit
        self.failed: Future[None] = Future()
        self._jobs: deque[Job] = deque()
        self._known = Known()
        self._wake = threading.Event()
        self._closed = False
        self._remembered = 0  # answers since old ones were last dropped
        self._alone = 0  # so many jobs at the front of the queue have to go one at a time
        self._thread = threading.Thread(target=self._run, name="gemensam-writer", daemon=True)
        self._thread.start()

    def submit(self, command: Command) -> asyncio.Future[Committed]:
        """Queue the command; the future is done once it is durable or refused."""
        if self._closed or self.failed.done():
            raise Unavailable("SERVER_STOPPING", "The server is stopping; ask another one or try again.")
        job = Job(command)
        self._jobs.append(job)
        if not self._wake.is_set():
            self._wake.set()
        return job.future

    def close(self) -> None:
        """Finish what waits, then stop."""
        self._closed = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not (self._closed and not self._jobs):
            self._wake.wait()
            self._wake.clear()
            while self._jobs:
                size = 1 if self._alone else MAX_BATCH
                self._alone = max(self._alone - 1, 0)
                self._process([self._jobs.popleft() for _ in range(min(len(self._jobs), size))])

    def _process(self, jobs: list[Job]) -> None:
        """Commit the jobs together.

        If the flush fails, they go one at a time, so that no job suffers for another. If the store is out of reach,
        all that wait hear it now: each has waited long enough, and a commit whose outcome is unknown must not be
        repeated by us, only by its caller with the same request id.
        """
        try:
            self._attempt(jobs)
        except OutOfReach as error:
            if isinstance(error.__cause__, DBAPIError) and is_not_kept(error.__cause__):
                self._fail(error)
            jobs += [self._jobs.popleft() for _ in range(len(self._jobs))]
            self._alone = 0
            _refuse(jobs, error.shown)
        except Exception as error:  # noqa: BLE001 - logged where it was seen; the thread must live
            if len(jobs) > 1:
                self._jobs.extendleft(reversed(jobs))
                self._alone = len(jobs)
                return
            _refuse(jobs, error)
        _deliver(jobs)

    def _fail(self, error: Exception) -> None:
        log.critical("store.disk_failed", error=str(error.__cause__))
        if not self.failed.done():
            self.failed.set_exception(
                RuntimeError("the disk did not keep a commit: see it to rights, then start again")
            )

    def _attempt(self, jobs: list[Job]) -> None:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                with self._observed(jobs):
                    self._commit(jobs)
            except DBAPIError as error:
                if is_serialisation_failure(error) and attempt < MAX_ATTEMPTS:
                    continue
                log.warning("store.commit_failed", error=str(error.orig), jobs=len(jobs), attempt=attempt)
                shown = translate(error)
                raise (OutOfReach(shown) if isinstance(shown, Unavailable | TooLarge) else shown) from error
            except RegistryError:
                raise
            except Exception:
                log.exception("store.commit_failed", jobs=len(jobs))
                raise
            else:
                return

    @contextmanager
    def _observed(self, jobs: list[Job]) -> Iterator[None]:
        start = perf_counter()
        said: telemetry.Attributes = {
            names.DB_SYSTEM: self._engine.dialect.name,
            names.DB_OPERATION: "COMMIT",
            names.DB_BATCH: len(jobs),
        }
        commands: Iterator[telemetry.Command] = ((job.command.caller.traceparent, {}) for job in jobs)
        with telemetry.linked_span("commit", commands, kind=SpanKind.CLIENT, attributes=said):
            yield
        metrics.COMMIT_DURATION.observe(perf_counter() - start)
        metrics.GROUP_SIZE.observe(len(jobs))

    def _commit(self, jobs: list[Job]) -> None:
        with contextlib.ExitStack() as open_:
            with in_time(self._engine):
                connection = open_.enter_context(self._engine.begin())
                head = locked_head(connection)
            self._known.begin(head.generation, head.revision)
            batch = OpenBatch(connection, head, self._now(), self._known)
            answered = _answered(connection, jobs)
            batch.prefetch(name for job in jobs for name in job.command.reads)
            rows: list[dict[str, Any]] = []
            for job in jobs:
                job.outcome = _run_command(batch, job.command, answered, rows)
            flush(batch, head, rows)
            self._remembered += len(rows)
            if self._remembered >= FORGET_EVERY:
                forget_answers(connection, batch.now_us, 2 * self._remembered)
                self._remembered = 0
        self._known.committed(batch.generation, batch.revision, batch.written())
        if batch.changes:
            self._on_commit(batch)


def _run_command(
    batch: OpenBatch, command: Command, answered: dict[tuple[str, str], Any], rows: list[dict[str, Any]]
) -> Outcome:
    key = (command.caller.actor, command.request_id)
    batch.begin(command)
    try:
        if command.request_id and (first := answered.get(key)):
            return _replay(first, command, batch.generation)
        before = batch.revision
        answer = command.run(batch)
    except RegistryError as error:
        batch.undo()
        return error
    except DBAPIError:  # the transaction is lost with it, and the neighbours' part of it
        raise
    except Exception as error:  # refused by a fault: its neighbours must not suffer
        batch.undo()
        log.exception("store.command_failed", method=command.method)
        return error
    if command.dry_run:
        batch.undo()
        return Committed(answer, batch.first, batch.generation)
    for entry in batch.changes[before - batch.first :]:
        entry["batch_end_revision"] = batch.revision
    if command.request_id:
        answered[key] = _remember(command, answer, batch.revision)
        rows.append(answered[key])
    return Committed(answer, batch.revision, batch.generation)


def _answered(connection: Connection, jobs: list[Job]) -> dict[tuple[str, str], Any]:
    keys = {(j.command.caller.actor, j.command.request_id) for j in jobs if j.command.request_id}
    if not keys:
        return {}
    table = REQUESTS
    query = select(table).where(tuple_(table.c.actor, table.c.request_id).in_(list(keys)))
    return {(row["actor"], row["request_id"]): row for row in connection.execute(query).mappings()}


def _remember(command: Command, answer: Message, revision: int) -> dict[str, Any]:
    return {
        "actor": command.caller.actor,
        "request_id": command.request_id,
        "method": command.method,
        "fingerprint": command.fingerprint,
        "answer_type": answer.DESCRIPTOR.full_name,
        "answer": answer.SerializeToString(),
        "revision": revision,
    }


def _replay(first: Any, command: Command, generation: str) -> Committed:
    if (first["method"], first["fingerprint"]) != (command.method, command.fingerprint):
        message = f"Request id {command.request_id} was used before with another request: choose a new one."
        raise Conflict("REQUEST_ID_REUSED", message, request_id=command.request_id)
    answer = symbol_database.Default().GetSymbol(first["answer_type"])()
    answer.MergeFromString(first["answer"])
    return Committed(answer, first["revision"], generation, replayed=True)


def _refuse(jobs: list[Job], error: Exception) -> None:
    for job in jobs:
        job.outcome = error


def _deliver(jobs: list[Job]) -> None:
    loops: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        loops.setdefault(job.loop, []).append(job)
    for loop, theirs in loops.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_deliver_all, theirs)


def _deliver_all(jobs: list[Job]) -> None:
    for job in jobs:
        job.deliver()
