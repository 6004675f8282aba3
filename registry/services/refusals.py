"""What was refused is on record: gathered by minute, written by the same writer as everything else."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import structlog

from registry.api.v1.access_service_pb2 import Refusal
from registry.errors import RegistryError
from registry.store import Batch, Command, Store

MINUTE_US = 60_000_000
MOST = 100  # different ones at a time; of more, only how many there were of each reason
TEXT = 200  # characters of a name that are kept
PAUSE_SECONDS = 1.0
log = structlog.get_logger(__name__)


class Refused(NamedTuple):
    """Who was refused what, and why."""

    principal: str
    peer: str
    method: str
    resource: str
    reason: str


class Refusals:
    """Gathers them, and writes them as soon as it can; a flood of them becomes a few rows with a count."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._counts: Counter[Refused] = Counter()
        self._uses: dict[str, int] = {}
        self._used: dict[str, int] = {}
        self._changed = asyncio.Event()

    def note(self, refused: Refused) -> None:
        """Count one."""
        kept = Refused(*(each[:TEXT] for each in refused))
        if kept not in self._counts and len(self._counts) >= MOST:
            kept = Refused("*", "", "", "", kept.reason)
        self._counts[kept] += 1
        self._changed.set()

    def used(self, key: str) -> None:
        """Note that a key was used; written at most once a minute for each."""
        minute = self._micros() // MINUTE_US * MINUTE_US
        if self._used.get(key) != minute:
            self._used[key] = self._uses[key] = minute
            self._changed.set()

    async def run(self) -> None:
        """Write until cancelled, and once more then."""
        try:
            while True:
                await self._changed.wait()
                await self._write()
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            await self._write()

    def _micros(self) -> int:
        return round(self._now().timestamp() * 1_000_000)

    async def _write(self) -> None:
        """What cannot be written now stays, and is written next time."""
        self._changed.clear()
        counts, uses, time = self._counts, self._uses, self._micros()
        if not counts and not uses:
            return
        self._counts, self._uses = Counter(), {}

        def run(batch: Batch) -> Refusal:
            for refused, count in counts.items():
                batch.note("refusals", refused, {"time_us": time, **refused._asdict(), "count": count})
            for name, minute in uses.items():
                batch.note("key_uses", name, {"name": name, "time_us": minute})
            return Refusal()

        try:
            await self._store.write(Command(run=run, method="refusals"))
        except RegistryError as error:
            log.warning("refusals.not_written", reason=error.reason)
            self._counts.update(counts)
            self._uses = {**uses, **self._uses}
            self._changed.set()
