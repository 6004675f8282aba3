"""Fault 27: the disk fails to keep a commit (fsync says EIO). Nothing is acknowledged after it, and the registry ends.

PostgreSQL panics by itself; before it the registry lives on, and serves again when its database does.
"""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import grpc

from registry.store import ledger
from registry.store.sqlstore import open_store
from tests.components.debian import program
from tests.components.postgres import Postgres
from tests.faults.process import ServerProcess, server_of
from tests.faults.recorder import PATIENT, Recorder
from tests.faults.validators import verdict
from tests.integration.api import Api

BEFORE, PUBLISHERS = 20, 4
CALLS = "fsync,fdatasync"


@contextlib.asynccontextmanager
async def failing_disk(*pids: int) -> AsyncIterator[None]:
    """Within the block every call that would make data durable fails, of the processes and of those that they start."""
    whose = [word for pid in pids for word in ("-p", str(pid))]
    words = [*program("strace"), "-f", *whose, "-e", f"trace={CALLS}", "-e", f"inject={CALLS}:error=EIO"]
    pipe: Any = asyncio.subprocess.PIPE
    tracer = await asyncio.create_subprocess_exec(*words, stderr=pipe, stdin=asyncio.subprocess.DEVNULL)
    try:
        assert tracer.stderr is not None
        async with asyncio.timeout(30):
            for _ in pids:
                assert b"attached" in (line := await tracer.stderr.readline()), line
        draining = asyncio.create_task(tracer.stderr.read())
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            tracer.terminate()  # which lets go of those that still live
        await tracer.wait()
        await draining


async def prepare(recorder: Recorder, api: Api) -> None:
    """What is acknowledged before anything fails."""
    await api.body("a")
    await asyncio.gather(*(api.offer(f"o{number}") for number in range(PUBLISHERS)))
    for number in range(BEFORE):
        await recorder.describe(api, f"o{number % PUBLISHERS}", number)


async def refused(recorder: Recorder, api: Api) -> None:
    """A write for each offering, none of which is acknowledged."""
    recorder.patient = False
    calls = (recorder.describe(api, f"o{number}", 100 + number) for number in range(PUBLISHERS))
    answers = await asyncio.gather(*calls, return_exceptions=True)
    recorder.patient = True
    assert [getattr(answer, "code", lambda: "acknowledged")() for answer in answers] == (
        [grpc.StatusCode.UNAVAILABLE] * PUBLISHERS
    )


async def again(recorder: Recorder, server: ServerProcess) -> None:
    """The same requests once more: each has one effect."""
    async with grpc.aio.insecure_channel(server.address, options=PATIENT) as channel:
        for number in range(PUBLISHERS):
            await recorder.describe(Api(channel), f"o{number}", 100 + number)


async def judge(recorder: Recorder, url: str) -> None:
    history = await recorder.close(url)
    assert len(history.writes) == BEFORE + PUBLISHERS
    assert verdict(history) == []
    store = open_store(url)
    assert ledger.verify(store._read_engine).problem == ""
    store.close()


async def test_fault_27_a_disk_that_fails_ends_the_registry(
    server_parents: list["subprocess.Popen[str]"], sqlite_url: str
) -> None:
    recorder = Recorder()
    async with server_of(server_parents[0], sqlite_url) as server:
        async with grpc.aio.insecure_channel(await server.start(), options=PATIENT) as channel:
            await prepare(recorder, Api(channel))
            async with failing_disk(server.pid):
                await refused(recorder, Api(channel))
                assert await server.ended() != 0
        await server.start()
        await again(recorder, server)
    await judge(recorder, sqlite_url)


async def test_fault_27_a_disk_that_fails_under_postgresql_is_not_hidden_by_the_registry(
    server_parents: list["subprocess.Popen[str]"], own_database: Postgres
) -> None:
    """PostgreSQL panics, and panics again when it recovers, as long as the disk fails; both are well again after that."""
    recorder, url = Recorder(), own_database.database()
    async with server_of(server_parents[0], url) as server:
        async with grpc.aio.insecure_channel(await server.start(), options=PATIENT) as channel:
            await prepare(recorder, Api(channel))
            pid = server.pid
            async with failing_disk(*own_database.processes()):
                await refused(recorder, Api(channel))
                await refused(recorder, Api(channel))
        await again(recorder, server)
        assert server.pid == pid
    assert "PANIC:  could not fdatasync" in own_database.said()
    await judge(recorder, url)
