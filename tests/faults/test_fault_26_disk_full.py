"""Fault 26: the disk under the store is full. Writes say so and what to do, reads go on, and nothing is harmed.

PostgreSQL goes on as long as its log has room; without, it ends by itself, and so does whatever the registry says of it.
"""

import asyncio
import sqlite3
import subprocess
from pathlib import Path

import grpc
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from registry.api.v1.feed_service_pb2 import WatchRequest
from registry.app import running
from registry.errors import TooLarge
from registry.settings import Settings
from registry.store import ledger
from registry.store.dialects import make_engine, translate
from registry.store.sqlstore import open_store
from tests.components.disk import filled, small_disk
from tests.components.postgres import Postgres
from tests.faults.process import ServerProcess, server_of
from tests.faults.recorder import PATIENT, Recorder
from tests.faults.validators import verdict
from tests.integration.api import Api, reason
from tests.integration.rpc.test_watch import take

MEBIBYTES, LEFT_BYTES, MORE = 8, 200_000, 5
# PostgreSQL's: a database is 8 MiB before it has a table of ours, and a piece of its log 16.
TABLES_MEBIBYTES, LOG_MEBIBYTES = 24, 48


async def until_refused(recorder: Recorder, api: Api, start: int) -> tuple[int, grpc.aio.AioRpcError]:
    """Write until a write is refused: its number, and the refusal."""
    for number in range(start, start + 1000):
        try:
            await recorder.describe(api, "o0", number)
        except grpc.aio.AioRpcError as error:
            return number, error
    raise AssertionError("the disk is never full")


async def fill(recorder: Recorder, settings: Settings, disk: Path) -> None:
    """A registry whose disk gets full while it is written to, and has room again."""
    recorder.patient, recorder.padding = False, "x" * 4000
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        await api.body("a")
        await api.offer("o0")
        with filled(disk, LEFT_BYTES):
            number, error = await until_refused(recorder, api, 0)
            assert number > 1
            for _ in range(MORE):
                code, why, _ = reason(error)
                assert (code, why) == ("RESOURCE_EXHAUSTED", "STORE_FULL")
                assert "free space" in str(error.details())
                number, error = await until_refused(recorder, api, number + 1)
            newest = recorder.history.writes[-1].revision
            await recorder.read(api, "o0", newest)
            seen = await take(api.feed.Watch(WatchRequest(start_revision=1)), newest)
        assert [change.revision for change in seen] == list(range(1, newest + 1))
        for after in range(MORE):
            await recorder.describe(api, "o0", 10_000 + after)


async def judged(recorder: Recorder, url: str) -> list[str]:
    """Every complaint about what was recorded, and about the chain."""
    found = verdict(await recorder.close(url))
    store = open_store(url)
    report = ledger.verify(store._read_engine)
    store.close()
    return [*found, *filter(None, [report.problem])]


async def test_fault_26_a_full_disk_stops_writes_alone(tmp_path: Path) -> None:
    recorder = Recorder()
    with small_disk(tmp_path / "disk", MEBIBYTES) as disk:
        settings = Settings(data=disk / "data", grpc_address="127.0.0.1:0", web_address="")
        await fill(recorder, settings, disk)
        with sqlite3.connect(settings.data / "gemensam.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.close()
        assert await judged(recorder, settings.url()) == []


async def test_fault_26_a_full_disk_under_the_tables_of_postgresql_stops_writes_alone(
    own_database: Postgres, settings: Settings
) -> None:
    recorder = Recorder()
    with small_disk(own_database.beside, TABLES_MEBIBYTES) as disk, own_database.database_on(disk) as url:
        settings.database_url = url
        await fill(recorder, settings, disk)
        assert await judged(recorder, url) == []


async def test_fault_26_a_full_disk_under_the_log_of_postgresql_loses_nothing(
    server_parents: list["subprocess.Popen[str]"], own_database: Postgres
) -> None:
    """Nothing can be written to it, and it ends. Until it is back callers hear UNAVAILABLE; then the same server serves."""
    recorder = Recorder()
    with small_disk(own_database.beside, LOG_MEBIBYTES) as disk, own_database.log_on(disk):
        url = own_database.database()
        async with server_of(server_parents[0], url) as server:
            await fill_log(recorder, server, own_database, disk)
        assert await judged(recorder, url) == []


async def fill_log(recorder: Recorder, server: ServerProcess, postgres: Postgres, disk: Path) -> None:
    """The same server before PostgreSQL's log has no room, while it has none, and after that."""
    async with grpc.aio.insecure_channel(await server.start(), options=PATIENT) as channel:
        api, pid = Api(channel), server.pid
        await api.body("a")
        await api.offer("o0")
        await recorder.describe(api, "o0", 0)
        recorder.patient = False
        with filled(disk, LEFT_BYTES):
            refused = await until_log_is_full(recorder, api, postgres)
            await asyncio.to_thread(postgres.ended)
            again, error = await until_refused(recorder, api, refused + 1)
        assert again == refused + 1
        assert reason(error)[:2] == ("UNAVAILABLE", "STORE_UNAVAILABLE")
        await asyncio.to_thread(postgres.start)
        recorder.patient = True
        for number in (refused, again):  # the same requests once more: each has one effect
            await recorder.describe(api, "o0", number)
        assert server.pid == pid


async def until_log_is_full(recorder: Recorder, api: Api, postgres: Postgres) -> int:
    """Write, each time into a new piece of the log, until a write is refused: its number."""
    for number in range(1, LOG_MEBIBYTES):
        try:
            await recorder.describe(api, "o0", number)
            with psycopg.connect(postgres.url, autocommit=True) as connection:
                connection.execute("SELECT pg_switch_wal()")
        except grpc.aio.AioRpcError:
            return number
        except psycopg.OperationalError:  # it has ended: the next write says so
            continue
    raise AssertionError("the log is never full")


def test_fault_26_a_value_that_is_quoted_is_no_full_disk(postgres_url: str) -> None:
    engine, word = make_engine(postgres_url, writer=True), {"word": "kommunfullmäktige"}
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE words (word TEXT PRIMARY KEY)"))
    with pytest.raises(IntegrityError, match="fullmäktige") as error, engine.begin() as connection:
        connection.execute(text("INSERT INTO words VALUES (:word)"), [word, word])
    engine.dispose()
    assert not isinstance(translate(error.value), TooLarge)
