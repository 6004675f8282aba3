"""Drains the ledger into Kafka: reads after the confirmed position, sends, moves the position once it is durable there.

At least once, in order for each resource: a page is sent, acknowledged, and only then the position moves, in a commit
that is refused when the lease has passed to somebody else. Nothing is kept in memory but the page that is being sent
and the next two, however long the broker is away. A change that cannot be announced, because the broker refuses its
size, parks its key: the later changes of that resource wait with it, and everything else goes on.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import structlog
from google.protobuf.message import Message
from opentelemetry.trace import SpanKind

from registry import telemetry
from registry.api.v1.feed_service_pb2 import GetHeadResponse
from registry.errors import RegistryError, TooLarge, Unavailable
from registry.kafka import heed_cancellation
from registry.relay import topics
from registry.relay.envelope import Record
from registry.relay.page import Page, Unfit, page
from registry.relay.publisher import Publisher, PublishFailed
from registry.relay.rebuild import READER
from registry.store import Batch, Caller, Command, Store
from registry.store.leading import RENEW_SECONDS, Leader
from registry.telemetry import attributes as names

IDLE_SECONDS, FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 2.0, 0.25, 5.0
AHEAD = 2  # pages that wait: with one, the processor waits for the broker and for the commit of the position
SAID = {names.MESSAGING_SYSTEM: "kafka", names.MESSAGING_OPERATION: "send", names.MESSAGING_TYPE: "send"}
# These do not pass by themselves.
ALARMS = frozenset({"KAFKA_NOT_AUTHORISED", "KAFKA_TOPIC_MISSING"})
log = structlog.get_logger(__name__)


class Relay:
    """One relay; many may run, and one leads."""

    def __init__(self, store: Store, leader: Leader, publisher: Publisher, reach: Mapping[str, Any]) -> None:
        self._store, self._leader, self._publisher, self._reach = store, leader, publisher, reach
        self._topics: Sequence[topics.Topic] = ()
        self._topics_known = False
        self._failures = 0
        self._held = set[str]()  # parked by this relay since the drain began

    async def run(self) -> None:
        """Lead when the lease is free, and relay until cancelled; whatever fails is tried again."""
        try:
            while True:
                await self._lead()
        finally:
            await self._publisher.discard()
            await self._release()

    async def _lead(self) -> None:
        try:
            while await self._leader.leads():
                await self._look_at_topics()
                await self._drain()
                self._held = set()
                await self._unpark()
                await self._store.committed(self._leader.position, RENEW_SECONDS)
            await self._store.committed(self._store.head_revision, IDLE_SECONDS)
        except PublishFailed as error:
            await self._failed(error)
        except (Unavailable, TooLarge) as error:
            log.warning("relay.interrupted", reason=error.reason, message=error.message)
            self._leader.resign()
            await asyncio.sleep(FIRST_RETRY_SECONDS)
        except Exception:
            log.exception("relay.failed")  # publishing must not end with the relay
            self._leader.resign()
            await asyncio.sleep(LONGEST_RETRY_SECONDS)

    async def _failed(self, error: PublishFailed) -> None:
        """Let another try, who may reach what this one cannot; then try again."""
        self._failures += 1
        self._topics_known = False  # what answers next may be another cluster
        tell = log.error if error.reason in ALARMS else log.warning
        tell("relay.publish_failed", reason=error.reason, message=error.message, failures=self._failures)
        await self._release()
        await asyncio.sleep(min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(self._failures, 8)))

    async def _release(self) -> None:
        with contextlib.suppress(RegistryError):
            await self._leader.release()

    async def _look_at_topics(self) -> None:
        """Once for each connection: make the topics where that is allowed, and say what is wrong with them."""
        if self._topics_known:
            return
        before, self._topics = self._topics, await topics.ensure(self._reach)
        heed_cancellation()
        for topic in self._topics:
            if topic not in before:
                log.info("relay.topic", topic=topic.name, made=topic.made, partitions=topic.partitions)
                for wrong in topic.wrong:
                    log.error("relay.topic_wrong", topic=topic.name, wrong=wrong)
        self._topics_known = True

    async def _drain(self) -> None:
        """Send until nothing is left, or a key is to be let go. Pages are read ahead while one is on its way."""
        ahead = deque[asyncio.Task[Page | None]]()
        last: asyncio.Task[Page | None] | None = None
        try:
            while self._leader.position < self._store.head_revision and await self._leader.leads():
                while len(ahead) < 1 + AHEAD:
                    last = asyncio.create_task(self._following(last))
                    ahead.append(last)
                read = await ahead.popleft()
                if read is None or read.after != self._leader.position:  # at the end, or the lease was taken anew
                    await _drop(ahead)
                    last = None
                    continue
                await self._confirm(read.reached, await self._publish(read))
                if read.released:
                    return
        finally:
            await _drop(ahead)

    async def _following(self, before: "asyncio.Task[Page | None] | None") -> Page | None:
        """The page after another one; None after the last. Without another one, what follows the position."""
        if before is None:
            return await self._read(self._leader.position)
        page_before = await before
        return await self._read(page_before.reached) if page_before and page_before.more else None

    async def _read(self, after: int) -> Page:
        return await self._store.read(partial(page, after=after))

    async def _publish(self, read: Page) -> Sequence[Unfit]:
        records, unfit = read.free(self._held)
        refused = await self._send(records) if records else ()
        self._failures = 0
        return [*unfit, *(Unfit(e.name, e.revision, f"{e.size} bytes are more than the broker takes") for e in refused)]

    async def _send(self, records: Sequence[Record]) -> Sequence[Record]:
        """As one span that is linked to the commands; what each event carries stays the command's own."""
        said: telemetry.Attributes = {**SAID, names.MESSAGING_COUNT: len(records)}
        commands = (each.command for each in records if each.traceparent)
        with telemetry.linked_span("send", commands, kind=SpanKind.PRODUCER, attributes=said):
            return await self._publisher.send(records)

    async def _confirm(self, reached: int, unfit: Sequence[Unfit]) -> None:
        """Move the position; in the same commit, park what could not be sent."""

        def run(batch: Batch) -> Message:
            self._leader.advance(batch, reached)
            for each in unfit:
                batch.park(each.name, each.revision, each.reason)
            return GetHeadResponse()

        await self._store.write(Command(run=run, caller=Caller(actor=READER)))
        self._leader.position = reached
        for each in unfit:
            self._held.add(each.name)
            log.error("relay.parked", name=each.name, revision=each.revision, why=each.reason)

    async def _unpark(self) -> None:
        """Send what waited for keys that an operator has released, in order, then let them go on with the others."""
        for parked in await self._store.read(lambda view: [each for each in view.parked() if each.released]):
            sent, last = parked.revision - 1, self._leader.position
            stuck: Sequence[Unfit] = ()
            while sent < last and not stuck:
                if not await self._leader.leads():
                    return
                read = await self._store.read(partial(page, after=sent, name=parked.name, last=last))
                stuck, sent = await self._publish(read), read.reached
            await self._let_go(parked.name, stuck)

    async def _let_go(self, name: str, stuck: Sequence[Unfit]) -> None:
        """In one commit with the lease's check: park it no more, or again from where it is stuck."""

        def run(batch: Batch) -> Message:
            self._leader.advance(batch)
            batch.park(name, stuck[0].revision if stuck else 0, stuck[0].reason if stuck else "")
            return GetHeadResponse()

        await self._store.write(Command(run=run, caller=Caller(actor=READER)))
        log.info("relay.unparked", name=name, stuck=bool(stuck))


async def _drop(ahead: "deque[asyncio.Task[Page | None]]") -> None:
    """Read no further."""
    for each in ahead:
        each.cancel()
    await asyncio.gather(*ahead, return_exceptions=True)
    ahead.clear()
