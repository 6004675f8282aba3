"""Fault 21: PostgreSQL crashes under load, again and again. Nothing acknowledged is lost, and servers mend themselves."""

import asyncio
import json
import os
import statistics
import subprocess
import time

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.components.postgres import Postgres
from tests.faults.several import several
from tests.faults.validators import verdict
from tests.faults.watcher import Watcher, watching

PUBLISHERS, WRITES = 4, 20
CRASHES = int(os.environ.get("GEMENSAM_TEST_CRASHES", "3"))  # the goal is 50: see docs/figures.md


async def turned(address: str, status: int) -> None:
    """Until the server's health says so."""
    async with grpc.aio.insecure_channel(address) as channel, asyncio.timeout(60):
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        async for answer in watch:
            if answer.status == status:
                return


async def crashes(
    parents: list["subprocess.Popen[str]"], postgres: Postgres, url: str, rounds: int
) -> tuple[list[str], list[float], int]:
    """So many crashes under load: every complaint, how long each took to be ready again, and how much was acknowledged."""
    well, ill = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
    ready = []
    async with several(parents, url) as (fleet, _):
        await fleet.prepare(PUBLISHERS)
        watcher = Watcher(fleet.address, pause=0.05)
        pids = [server.pid for server in fleet.servers]
        async with watching(watcher), fleet.publishing(PUBLISHERS):
            for _round in range(rounds):
                await fleet.recorder.more(WRITES)
                await asyncio.to_thread(postgres.crash)
                await asyncio.gather(*(turned(server.address, ill) for server in fleet.servers))
                await asyncio.to_thread(postgres.start)
                begin = time.monotonic()
                await asyncio.gather(*(turned(server.address, well) for server in fleet.servers))
                await fleet.recorder.more(1)
                ready.append(time.monotonic() - begin)
            await fleet.recorder.more(WRITES)
        fleet.recorder.watched("through it all", watcher)
        assert [server.pid for server in fleet.servers] == pids
        history = await fleet.recorder.close(url)
    return verdict(history), ready, len(history.writes)


async def test_fault_21_crashes_of_postgresql_lose_nothing(
    server_parents: list["subprocess.Popen[str]"], own_database: Postgres
) -> None:
    complaints, ready, told = await crashes(server_parents[:2], own_database, own_database.database(), CRASHES)
    figures = {"crashes": CRASHES, "ready_p50": statistics.median(ready), "ready_most": max(ready)}
    print(json.dumps({**figures, "acknowledged": told, "complaints": len(complaints)}))  # noqa: T201 - the figures
    assert complaints == []
    assert told >= (CRASHES + 1) * WRITES
