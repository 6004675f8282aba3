"""One run: servers, clients, nemesis and measures, as long as it was asked for; gives the history."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import psutil

from tests.components.postgres import own_postgres
from tests.faults.history import History
from tests.faults.several import Several, several
from tests.faults.watcher import Watcher, watching
from tests.soak.nemesis import FAULTS, Nemesis

PUBLISHERS, WATCHERS, SAMPLE_SECONDS = 4, 2, 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run. `seed` decides the faults, of which there are those in `only`."""

    seed: int = 1
    seconds: float = 600.0
    servers: int = 2
    only: Sequence[str] = field(default=FAULTS)


async def run(plan: Plan, parents: Sequence["subprocess.Popen[str]"]) -> History:
    """Do it. Errors: a call that failed for good."""
    with own_postgres() as postgres:
        async with several(parents[: plan.servers], postgres.url) as (fleet, backends):
            await fleet.prepare(PUBLISHERS)
            fleet.recorder.note(
                "plan", seed=plan.seed, seconds=plan.seconds, servers=plan.servers, only=list(plan.only)
            )
            watchers = [Watcher(fleet.address, pause=0.05) for _ in range(WATCHERS)]
            async with watching(*watchers):
                async with fleet.publishing(PUBLISHERS), _sampled(fleet):
                    nemesis = Nemesis(plan.seed, fleet, backends, postgres, plan.only)
                    await _for(plan.seconds, nemesis)
                    await fleet.recorder.more(PUBLISHERS)  # all is well again
                last = max(write.revision for write in fleet.recorder.history.writes)
                for watcher in watchers:
                    await watcher.until(lambda watcher=watcher: watcher.reached >= last)  # type: ignore[misc]
            for number, watcher in enumerate(watchers):
                fleet.recorder.watched(f"watcher {number}", watcher)
            fleet.recorder.note("retries", count=len(fleet.recorder.retries))
            return await fleet.recorder.close(postgres.url)


async def _for(seconds: float, nemesis: Nemesis) -> None:
    """Let it do harm for so long, and until there was one fault of each kind; what has begun is brought to its end."""
    loop = asyncio.get_running_loop()
    end, left = loop.time() + seconds, set(nemesis.only)
    async for fault in nemesis.faults():
        left.discard(fault)
        if loop.time() >= end and not left:
            return


@contextlib.asynccontextmanager
async def _sampled(fleet: Several) -> AsyncIterator[None]:
    """Samples are taken as long as the block lasts."""
    task = asyncio.create_task(_sample(fleet))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _sample(fleet: Several) -> None:
    """Note memory and open files of the server that lives through it all."""
    process = psutil.Process(fleet.servers[0].pid)
    while True:
        fleet.recorder.note("sample", rss=process.memory_info().rss, files=process.num_fds())
        await asyncio.sleep(SAMPLE_SECONDS)
