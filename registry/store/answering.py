"""Connections to PostgreSQL that give up in time: on a server that says nothing, nothing else would ever give up."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen

from registry.errors import Unavailable

# Seconds: for a statement; until the first one is answered, without connecting anew; and at least for any one.
ANSWER_SECONDS, FIRST_SECONDS, LEAST_SECONDS = 5.0, 3.0, 1.0
# The server itself cancels a statement, and ends who stops in the middle of writing and holds its lock.
STATEMENT_MS, IDLE_MS = int((ANSWER_SECONDS - 0.5) * 1000), 10_000
_thread = threading.local()


class Answering(psycopg.Connection[Any]):
    """A connection that is closed when the server does not answer in time; the caller sees an OperationalError."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for the server, as long as this thread may."""
        limit = _seconds() if timeout is None else timeout
        begin = time.monotonic()
        try:
            return super().wait(gen, interval, limit)
        except psycopg.OperationalError:
            if time.monotonic() - begin >= limit:
                self.pgconn.finish()  # whatever comes now answers a question that nobody asks any more
            raise


def connect(*where: Any, writes: bool, **options: Any) -> Answering:
    """A connection with limits on both sides. Errors: psycopg's."""
    connection = Answering.connect(*where, **options)
    connection.execute(f"SET statement_timeout = {STATEMENT_MS}")
    if writes:
        connection.execute(f"SET idle_in_transaction_session_timeout = {IDLE_MS}")
    connection.commit()
    return connection


@contextlib.contextmanager
def first(since: float) -> Iterator[None]:
    """Within the block, the first answer must come soon after `since` (monotonic seconds). Errors: Unavailable."""
    if time.monotonic() - since > FIRST_SECONDS:
        text = "The store has not answered those who came before; try again in 1000 ms."
        raise Unavailable("STORE_UNAVAILABLE", text, retry_after_ms=1000)
    _thread.until = since + FIRST_SECONDS
    try:
        yield
    finally:
        _thread.until = None


def _seconds() -> float:
    until: float | None = getattr(_thread, "until", None)
    return ANSWER_SECONDS if until is None else max(until - time.monotonic(), LEAST_SECONDS)
