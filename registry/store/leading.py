"""Leads a reader of the ledger: takes and renews its lease, remembers how far it has come, and knows when to stop."""

import asyncio

from google.protobuf.message import Message

from registry.api.v1.feed_service_pb2 import GetHeadResponse
from registry.store import Batch, Caller, Command, Store

LEASE_SECONDS, RENEW_SECONDS = 10.0, 2.5
# A leader counts its lease from before it asked for it, and ends it this much earlier than the database does.
MARGIN_SECONDS = 1.0


class Leader:
    """One process's claim on the reader `name`. `position` is the last revision whose effects are done."""

    def __init__(self, store: Store, name: str, owner: str) -> None:
        self._store, self._name, self._owner = store, name, owner
        self.position, self.epoch = 0, 0
        self._stored = 0
        self._renew_at = self._valid_until = 0.0

    async def leads(self) -> bool:
        """Whether the lease is ours; renews it, and stores the position, now and then. Errors: the store's."""
        now = asyncio.get_running_loop().time()
        if now < self._renew_at:
            return True
        held = await self._store.lease(self._name, self._owner, LEASE_SECONDS)
        if held is None:
            self.resign()
            return False
        if held.epoch != self.epoch:
            self.epoch, self.position = held.epoch, held.revision
        self._stored = held.revision
        self._renew_at, self._valid_until = now + RENEW_SECONDS, now + LEASE_SECONDS - MARGIN_SECONDS
        if self._stored < self.position:
            await self.store()
        return True

    def holds(self) -> bool:
        """Whether the lease is surely ours, without asking: false in time, even for a process that was stopped."""
        return asyncio.get_running_loop().time() < self._valid_until

    def resign(self) -> None:
        """Ask for the lease again before doing more."""
        self._renew_at = self._valid_until = 0.0

    async def release(self) -> None:
        """Let another take over at once. Errors: the store's."""
        if self._renew_at:
            self.resign()
            await self._store.lease(self._name, self._owner, 0)

    def advance(self, batch: Batch, to: int | None = None) -> None:
        """Move the stored position in the commit of an effect; refused when the lease has passed to another owner."""
        batch.advance(self._name, self.epoch, self.position if to is None else to)

    async def store(self) -> None:
        """Store the position by itself. Errors: Unavailable when the lease has passed to another owner."""

        def run(batch: Batch) -> Message:
            self.advance(batch)
            return GetHeadResponse()

        await self._store.write(Command(run=run, caller=Caller(actor=self._name)))
        self._stored = self.position
