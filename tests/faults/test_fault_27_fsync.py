"""Fault 27: the disk fails to keep a commit (fsync says EIO). Nothing is acknowledged after it, and the registry ends."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import grpc

from registry.store import ledger
from registry.store.sqlstore import open_store
from tests.components.debian import program
from tests.faults.process import server_of
from tests.faults.recorder import PATIENT, Recorder
from tests.faults.validators import verdict
from tests.integration.api import Api

BEFORE, PUBLISHERS = 20, 4
CALLS = "fsync,fdatasync"


@contextlib.asynccontextmanager
async def failing_disk(pid: int) -> AsyncIterator[None]:
    """From the beginning of the block every call of the process that would make data durable fails."""
    words = [*program("strace"), "-f", "-p", str(pid), "-e", f"trace={CALLS}", "-e", f"inject={CALLS}:error=EIO"]
    pipe: Any = asyncio.subprocess.PIPE
    tracer = await asyncio.create_subprocess_exec(*words, stderr=pipe, stdin=asyncio.subprocess.DEVNULL)
    try:
        assert tracer.stderr is not None
        async with asyncio.timeout(30):
            assert b"attached" in (line := await tracer.stderr.readline()), line
        draining = asyncio.create_task(tracer.stderr.read())
        yield
        await draining
    finally:
        with contextlib.suppress(ProcessLookupError):
            tracer.kill()
        await tracer.wait()


async def test_fault_27_a_disk_that_fails_ends_the_registry(
    server_parents: list["subprocess.Popen[str]"], sqlite_url: str
) -> None:
    recorder = Recorder()
    async with server_of(server_parents[0], sqlite_url) as server:
        async with grpc.aio.insecure_channel(await server.start(), options=PATIENT) as channel:
            api = Api(channel)
            await api.body("a")
            await asyncio.gather(*(api.offer(f"o{number}") for number in range(PUBLISHERS)))
            for number in range(BEFORE):
                await recorder.describe(api, f"o{number % PUBLISHERS}", number)
            recorder.patient = False
            async with failing_disk(server.pid):
                calls = (recorder.describe(api, f"o{number}", 100 + number) for number in range(PUBLISHERS))
                answers = await asyncio.gather(*calls, return_exceptions=True)
                assert await server.ended() != 0
            assert all(isinstance(answer, grpc.aio.AioRpcError) for answer in answers)
        assert {str(answer.code()) for answer in answers} == {"StatusCode.UNAVAILABLE"}  # type: ignore[union-attr]
        recorder.patient = True
        async with grpc.aio.insecure_channel(await server.start(), options=PATIENT) as channel:
            for number in range(PUBLISHERS):  # the same requests once more: each has one effect
                await recorder.describe(Api(channel), f"o{number}", 100 + number)
    history = await recorder.close(sqlite_url)
    assert len(history.writes) == BEFORE + PUBLISHERS
    assert verdict(history) == []
    store = open_store(sqlite_url)
    assert ledger.verify(store._read_engine).problem == ""
    store.close()
