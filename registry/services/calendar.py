"""What a new day brings that no command does: agreements end, and others begin that somebody waits for."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime

import structlog
from google.protobuf.message import Message

from registry.api.v1.agreement_pb2 import Agreement
from registry.domain import agreement
from registry.domain.agreement import day_of
from registry.domain.filter import And, Comparison
from registry.errors import RegistryError, TooLarge, Unavailable
from registry.services import waiting
from registry.services.pages import every
from registry.services.waiting import Work
from registry.store import Batch, Caller, Command, Store, View

NAME, LOOK_SECONDS = "calendar", 30.0
log = structlog.get_logger(__name__)


class Calendar:
    """Looks at the day now and then. Several may: each effect is decided in its own transaction, and done once."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now, self._seen = store, now, ""

    async def run(self) -> None:
        """Look until cancelled; what could not be written is tried again."""
        while True:
            try:
                await self.look()
            except (Unavailable, TooLarge) as error:
                log.warning("calendar.interrupted", reason=error.reason, message=error.message)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Do what the day brings, once a day. Errors: Unavailable, TooLarge; then it is done at the next look."""
        today = day_of(self._now())
        if today == self._seen:
            return
        for work in await self._store.read(lambda view: list(self._due(view, today))):
            await self._do(*work)
        self._seen = today

    def _due(self, view: View, today: str) -> Iterator[Work]:
        accepted, ends = Comparison("state", "=", "ACCEPTED", 0), Comparison("valid_to", "!=", "", 0)
        over = And((accepted, ends, Comparison("valid_to", "<", today, 0)))
        yield from (self._expired(Agreement.FromString(each).name) for each in every(view, "agreement", "", over))
        yield from waiting.everybody(view, self._now)

    def _expired(self, name: str) -> Work:
        def run(batch: Batch) -> Message:
            message = batch.get(Agreement, name) or Agreement()
            if agreement.expire(message, self._now()):
                batch.put(message, "ended")
            return message

        return run, (name,)

    async def _do(self, run: Callable[[Batch], Message], reads: tuple[str, ...]) -> None:
        try:
            await self._store.write(Command(run=run, caller=Caller(actor=NAME), reads=reads))
        except (Unavailable, TooLarge):
            raise
        except RegistryError as error:  # it concerns one subscription alone
            log.info("calendar.not_done", reason=error.reason, **error.metadata)
