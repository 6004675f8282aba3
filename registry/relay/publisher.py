"""A producer that is thrown away at the first doubt: a deadline on every wait, and the ledger as the only buffer.

What is known to break in the client after an outage (sends that never end, a sequence that is dead for ever, a stop
that hangs) has one answer here: discard it, make a new one, and send again from the confirmed position. The events
have the same ids, so a second copy is harmless.

Records go out in waves: at most one batch for each partition, and the next wave when all of the last one are durable.
So nothing of a key can overtake a record that the broker refuses.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.protocol.produce import ProduceRequest

from registry.kafka import heed_cancellation
from registry.relay.envelope import Record
from registry.relay.placement import partition

OPEN_SECONDS, SEND_SECONDS, DISCARD_SECONDS = 10.0, 15.0, 2.0
BATCH_BYTES = 256 * 1024
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
_NOT_ALLOWED = (TopicAuthorizationFailedError, ClusterAuthorizationFailedError, AuthenticationFailedError)
log = structlog.get_logger(__name__)


class PublishFailed(Exception):
    """The broker did not take it; nothing is lost, and the same records are sent again later. `reason` for machines."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


class LeaseEnded(KafkaError):  # type: ignore[misc] # the client passes on only errors of its own family
    """The relay leads no more: what it still has in memory must not go out."""


class Publisher:
    """One producer, for as long as it works. `may_send` is asked before each request goes on the wire."""

    def __init__(self, options: Mapping[str, Any], may_send: Callable[[], bool]) -> None:
        self._options, self._may_send = options, may_send
        self._producer: AIOKafkaProducer | None = None

    async def send(self, records: Sequence[Record]) -> Sequence[Record]:
        """Send in order; durable at the brokers when this returns. Returns the records that are too large for them.

        After one that is too large, no later one of its key is sent. Errors: PublishFailed, and the producer is gone.
        """
        try:
            async with asyncio.timeout(OPEN_SECONDS + SEND_SECONDS):
                return await self._in_waves(await self._by_partition(records))
        except BaseException as error:
            await self.discard()
            heed_cancellation()
            if isinstance(error, TimeoutError | KafkaError | OSError):
                raise _failure(error) from error
            raise

    async def discard(self) -> None:
        """Let go of the producer, whatever state it is in."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        with contextlib.suppress(TimeoutError, KafkaError, OSError):
            async with asyncio.timeout(DISCARD_SECONDS):
                await producer.stop()
        sender: Any = producer._sender.sender_task  # noqa: SLF001 - it outlives a stop that timed out
        if sender is not None and not sender.done():
            sender.cancel()
            await asyncio.wait([sender], timeout=DISCARD_SECONDS)
        with contextlib.suppress(TimeoutError, KafkaError, OSError):
            async with asyncio.timeout(DISCARD_SECONDS):
                await producer.client.close()

    async def _open(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._producer = producer = AIOKafkaProducer(
                **self._options,
                client_id="gemensam-relay",
                acks="all",
                enable_idempotence=True,
                max_batch_size=BATCH_BYTES,
                request_timeout_ms=int(OPEN_SECONDS * 1000),
                metadata_max_age_ms=30_000,
            )
            _fence(producer, self._may_send)
            await producer.start()
            heed_cancellation()
        return self._producer

    async def _by_partition(self, records: Sequence[Record]) -> list["Lane"]:
        producer, lanes = await self._open(), dict[tuple[str, int], Lane]()
        counts = {topic: len(await producer.partitions_for(topic)) for topic in {each.topic for each in records}}
        for each in records:
            place = each.topic, partition(each.key, counts[each.topic])
            lane = lanes.get(place) or lanes.setdefault(place, Lane(*place))
            lane.waiting.append(each)
        return list(lanes.values())

    async def _in_waves(self, lanes: Sequence["Lane"]) -> Sequence[Record]:
        refused: list[Record] = []
        while busy := [lane for lane in lanes if lane.waiting]:
            producer = await self._open()
            sizes = [await lane.send(producer) for lane in busy]
            outcomes = await asyncio.gather(*(future for _, future in sizes), return_exceptions=True)
            for lane, (count, _), outcome in zip(busy, sizes, outcomes, strict=True):
                refused += lane.settle(count, outcome)
            if any(isinstance(outcome, _TOO_LARGE) for outcome in outcomes):
                await self.discard()  # what was refused has left a gap in the sequence of this producer
        return refused


class Lane:
    """What waits for one partition, in order."""

    def __init__(self, topic: str, partition: int) -> None:
        self._topic, self._partition = topic, partition
        self.waiting: deque[Record] = deque()
        self._suspects = 0  # so many at the front go alone: one of them is too large

    async def send(self, producer: AIOKafkaProducer) -> tuple[int, "asyncio.Future[Any]"]:
        """Send a batch from the front; how many records, and what will come of them."""
        batch = producer.create_batch()
        for each in self.waiting:
            if batch.append(timestamp=None, key=each.key, value=each.value, headers=each.headers) is None:
                break
            if self._suspects:
                break
        batch.close()
        return batch.record_count(), await producer.send_batch(batch, self._topic, partition=self._partition)

    def settle(self, count: int, outcome: object) -> Sequence[Record]:
        """Go on after a batch; returns a record that the broker finds too large. Errors: any other failure."""
        if isinstance(outcome, _TOO_LARGE):
            self._suspects = self._suspects or count
            return [self._refuse()] if count == 1 else []
        if isinstance(outcome, BaseException):
            raise outcome
        self._suspects = max(self._suspects - count, 0)
        for _ in range(count):
            self.waiting.popleft()
        return []

    def _refuse(self) -> Record:
        """Take it out, and all of its key after it."""
        refused = self.waiting[0]
        suspects = [each.key != refused.key for each in islice(self.waiting, self._suspects)]
        self._suspects = sum(suspects)
        self.waiting = deque(each for each in self.waiting if each.key != refused.key)
        return refused


def _fence(producer: AIOKafkaProducer, may_send: Callable[[], bool]) -> None:
    """The last place where a former leader can be stopped: between its memory and the wire."""
    client: Any = producer.client
    send = client.send

    async def fenced(node: int, request: Any, **options: Any) -> Any:
        if isinstance(request, ProduceRequest) and not may_send():
            raise LeaseEnded
        return await send(node, request, **options)

    client.send = fenced


def _failure(error: BaseException) -> PublishFailed:
    if isinstance(error, LeaseEnded):
        return PublishFailed("RELAY_LEASE_ENDED", "The lease has ended while records were on their way.")
    if isinstance(error, _NOT_ALLOWED):
        return PublishFailed("KAFKA_NOT_AUTHORISED", f"The broker does not let the relay write: {error}")
    if isinstance(error, UnknownTopicOrPartitionError):
        return PublishFailed("KAFKA_TOPIC_MISSING", "A topic is missing: `gemensam relay topics` makes them.")
    return PublishFailed("KAFKA_UNAVAILABLE", f"The broker did not take it in time: {type(error).__name__}")
