"""One run: servers, clients, nemesis and measures, as long as it was asked for; gives the history."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from tests.components.postgres import Postgres, own_postgres
from tests.faults.history import History
from tests.faults.several import Several, several
from tests.faults.watcher import Watcher, watching
from tests.soak.nemesis import FAULTS, Nemesis

PUBLISHERS, WATCHERS, SAMPLE_SECONDS = 4, 2, 1.0
PROGRESS = 10  # samples from one line to the next
CLOSE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run. `seed` decides the faults, of which there are those in `only`."""

    seed: int = 1
    seconds: float = 600.0
    servers: int = 2
    only: Sequence[str] = field(default=FAULTS)


async def run(
    plan: Plan, parents: Sequence["subprocess.Popen[str]"], tell: Callable[[str], None] = lambda _: None
) -> History:
    """Do it, and `tell` how far it is. What fails for good ends it, and is a note: `failed`."""
    with own_postgres() as postgres, TemporaryDirectory() as folder:
        async with several(parents[: plan.servers], postgres.url, objects=folder) as (fleet, backends):
            fleet.recorder.note(
                "plan", seed=plan.seed, seconds=plan.seconds, servers=plan.servers, only=list(plan.only)
            )
            watchers = [Watcher(fleet.address, pause=0.05) for _ in range(WATCHERS)]
            try:
                async with _sampled(fleet, Path(folder), tell):
                    await _harm(plan, fleet, Nemesis(plan.seed, fleet, backends, postgres, plan.only), watchers)
            except Exception as error:  # noqa: BLE001 - what was recorded until then says more than this
                fleet.recorder.note("failed", why="; ".join(_reasons(error)))
            for number, watcher in enumerate(watchers):
                fleet.recorder.watched(f"watcher {number}", watcher)
            fleet.recorder.note("retries", count=len(fleet.recorder.retries))
            return await _closed(fleet, postgres)


async def _harm(plan: Plan, fleet: Several, nemesis: Nemesis, watchers: Sequence[Watcher]) -> None:
    """Load and harm, until watchers have seen what was written last. Errors: a call that failed for good."""
    await fleet.prepare(PUBLISHERS)
    async with watching(*watchers):
        async with fleet.publishing(PUBLISHERS):
            await _for(plan.seconds, nemesis)
            await fleet.recorder.more(PUBLISHERS)  # all is well again
        last = max(write.revision for write in fleet.recorder.history.writes)
        for watcher in watchers:
            await watcher.until(lambda watcher=watcher: watcher.reached >= last)  # type: ignore[misc]


async def _closed(fleet: Several, postgres: Postgres) -> History:
    """With the ledger, if it can be read: after a failure the database may be down."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            return await fleet.recorder.close(postgres.url)
    except Exception as error:  # noqa: BLE001 - as above
        fleet.recorder.note("failed", why=f"the ledger could not be read: {error!r}")
        return fleet.recorder.history


async def _for(seconds: float, nemesis: Nemesis) -> None:
    """Let it do harm for so long, and until there was one fault of each kind; what has begun is brought to its end."""
    loop = asyncio.get_running_loop()
    end, left = loop.time() + seconds, set(nemesis.only)
    async for fault in nemesis.faults():
        left.discard(fault)
        if loop.time() >= end and not left:
            return


@contextlib.asynccontextmanager
async def _sampled(fleet: Several, folder: Path, tell: Callable[[str], None]) -> AsyncIterator[None]:
    """Samples are taken as long as the block lasts."""
    task = asyncio.create_task(_sample(fleet, folder, tell))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _sample(fleet: Several, folder: Path, tell: Callable[[str], None]) -> None:
    """Note memory, objects and open files of the server that lives through it all."""
    process, loop = psutil.Process(fleet.servers[0].pid), asyncio.get_running_loop()
    begin, taken = loop.time(), 0
    while True:
        found = {
            "rss": process.memory_info().rss,
            "objects": int((folder / str(process.pid)).read_text() or 0),
            "files": process.num_fds(),
            "writes": len(fleet.recorder.history.writes),
        }
        fleet.recorder.note("sample", **found)
        if taken % PROGRESS == 0:
            faults = sum(note["what"] == "nemesis" for note in fleet.recorder.history.notes)
            tell(
                f"{loop.time() - begin:5.0f} s  {found['writes']} writes  {faults} faults  "
                f"{found['rss'] / 2**20:.0f} MiB  {found['objects']} objects  {found['files']} files"
            )
        taken += 1
        await asyncio.sleep(SAMPLE_SECONDS)


def _reasons(error: BaseException) -> list[str]:
    """What failed, of a group each part."""
    if isinstance(error, BaseExceptionGroup):
        return [reason for part in error.exceptions for reason in _reasons(part)]
    return [repr(error)]
