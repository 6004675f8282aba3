"""Fault 24: PostgreSQL wants a transaction to be run again. Up to three times nobody notices, and it never goes on for ever."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import psycopg
import pytest

from registry.api.v1.feed_service_pb2 import ListChangesRequest
from registry.app import running
from registry.settings import Settings
from registry.store import ledger
from registry.store.sqlstore import open_store
from registry.store.writer import MAX_ATTEMPTS
from tests.faults.recorder import Recorder
from tests.faults.test_23_unknown import create, until_answered
from tests.faults.validators import verdict
from tests.integration.api import Api

# In the middle of the transaction, or when it wants to commit, as databases of several nodes do.
WAYS = {
    "a statement": "CREATE TRIGGER fails BEFORE INSERT ON changes FOR EACH STATEMENT EXECUTE FUNCTION fails()",
    "the commit": "CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON changes DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION fails()",
}
FAILS = """
CREATE SEQUENCE attempts;
CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('attempts') <= {times} THEN RAISE EXCEPTION 'again' USING ERRCODE = '{state}'; END IF;
  RETURN NEW;
END $$;
{way};
"""
DEADLOCKS, NEIGHBOURS = 3, 5
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("state", ["40001", "40P01"])
@pytest.mark.parametrize(("times", "seen"), [(3, False), (4, True)])
async def test_fault_24_a_transaction_to_run_again_is_run_again(
    postgres_url: str, settings: Settings, state: str, times: int, seen: bool, way: str
) -> None:
    """After three times the caller is asked to come again, and has one effect."""
    open_store(postgres_url).close()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(FAILS.format(times=times, state=state, way=WAYS[way]).encode())
    settings.database_url = postgres_url
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        _, attempts = await until_answered(Api(channel), create("b"))
        changes = await Api(channel).feed.ListChanges(ListChangesRequest())
    assert attempts == (2 if seen else 1)
    assert tried(postgres_url) == times + 1
    assert [change.name for change in changes.changes] == ["organisations/b"]
    store = open_store(postgres_url)
    assert ledger.verify(store._read_engine).problem == ""
    store.close()


async def test_fault_24_what_always_fails_is_given_up(postgres_url: str, settings: Settings) -> None:
    open_store(postgres_url).close()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(FAILS.format(times=10**6, state="40001", way=WAYS["the commit"]).encode())
    settings.database_url = postgres_url
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        with pytest.raises(grpc.aio.AioRpcError, match="try again in 250 ms") as error:
            await Api(channel).organisations.CreateOrganisation(create("b"))
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    assert tried(postgres_url) == MAX_ATTEMPTS == 1 + 3


def tried(url: str) -> int:
    """How often the transaction was run."""
    with psycopg.connect(url) as connection:
        row: Any = connection.execute("SELECT last_value FROM attempts").fetchone()
    return int(row[0])


@contextmanager
def rival(url: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody who locks what the writer locks, the other way round. It never finds the deadlock: the writer does."""
    with psycopg.connect(url) as connection:
        connection.execute("SET deadlock_timeout = '10min'")
        connection.commit()
        yield connection


def deadlock(connection: psycopg.Connection[Any], url: str) -> None:
    """The writer has the head and waits for the offering, which the rival has; now it wants the head."""
    with psycopg.connect(url, autocommit=True) as looking:
        while not looking.execute(WAITING).fetchone()[0]:  # type: ignore[index]
            pass
    connection.execute("SELECT * FROM head FOR UPDATE")
    connection.rollback()


async def test_fault_24_nobody_notices_a_real_deadlock(postgres_url: str, settings: Settings) -> None:
    """Neither whose offering it is, nor those who were to be committed with it."""
    settings.database_url, recorder = postgres_url, Recorder()
    recorder.patient = False  # one refusal fails the test
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        await api.body("a")
        await asyncio.gather(*(api.offer(f"o{number}") for number in range(NEIGHBOURS)))
        with rival(postgres_url) as connection:
            for each in range(1, DEADLOCKS + 1):
                connection.execute("SELECT * FROM offerings WHERE name = 'offerings/o0' FOR UPDATE")
                writing = [recorder.describe(api, f"o{number}", each) for number in range(NEIGHBOURS)]
                async with asyncio.timeout(30):
                    await asyncio.gather(*writing, asyncio.to_thread(deadlock, connection, postgres_url))
    history = await recorder.close(postgres_url)
    assert met(postgres_url) >= DEADLOCKS
    assert len(history.writes) == DEADLOCKS * NEIGHBOURS
    assert verdict(history) == []


def met(url: str) -> int:
    """How many deadlocks PostgreSQL has broken."""
    with psycopg.connect(url) as connection:
        row: Any = connection.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    return int(row[0])
