"""Fault 26: the disk under SQLite is full. Writes say so and what to do, reads go on, and nothing is harmed."""

import sqlite3
from pathlib import Path

import grpc

from registry.api.v1.feed_service_pb2 import WatchRequest
from registry.app import running
from registry.settings import Settings
from registry.store import ledger
from registry.store.sqlstore import open_store
from tests.components.disk import filled, small_disk
from tests.faults.recorder import Recorder
from tests.faults.validators import verdict
from tests.integration.api import Api, reason
from tests.integration.rpc.test_watch import take

MEBIBYTES, LEFT_BYTES, MORE = 8, 200_000, 5


async def until_refused(recorder: Recorder, api: Api, start: int) -> tuple[int, grpc.aio.AioRpcError]:
    """Write until a write is refused: its number, and the refusal."""
    for number in range(start, start + 1000):
        try:
            await recorder.describe(api, "o0", number)
        except grpc.aio.AioRpcError as error:
            return number, error
    raise AssertionError("the disk is never full")


async def test_fault_26_a_full_disk_stops_writes_alone(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.patient, recorder.padding = False, "x" * 4000
    with small_disk(tmp_path / "disk", MEBIBYTES) as disk:
        settings = Settings(data=disk / "data", grpc_address="127.0.0.1:0", web_address="")
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
        history = await recorder.close(settings.url())
        with sqlite3.connect(settings.data / "gemensam.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.close()
        store = open_store(settings.url())
        report = ledger.verify(store._read_engine)
        store.close()
    assert report.problem == ""
    assert verdict(history) == []
