"""Follows the registry by Kafka: the offset is kept in the mirror's own commit, and a gap is answered with a snapshot.

Effects come first, offsets after: what was told is in the mirror, in one transaction with the place to go on from, and
only then is it committed to the group, for those who watch the lag. An event that is not newer than what is known is
passed over by the mirror, so copies are harmless. Where the place is gone (retention, a lost file, another generation
of the registry, an absence longer than tombstones are kept), everything is asked for by gRPC and the topics are
followed from where they ended before that. Never a jump.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from aiokafka.structs import TopicPartition

from registry.kafka import heed_cancellation
from subscribers.backoff import Backoff
from subscribers.client import RegistryRefused
from subscribers.events import Changed, Consumed, Event, Position, Reached, StandBy, Unread
from subscribers.sources.records import parsed, read
from subscribers.sources.standby import StandbyAssignor

TOPICS = ("gemensam.catalogue.v1", "gemensam.onboarding.v1")
POLL_MS, MOST = 500, 500
AWAY_SECONDS = 12 * 3600.0  # brokers keep tombstones for a day
CALL_SECONDS, STOP_SECONDS, SILENT_SECONDS = 15.0, 5.0, 60.0
log = structlog.get_logger(__name__)


class Gap(Exception):
    """The place to go on from is gone: only a snapshot helps."""


class KafkaSource:
    """The topics as a source.

    `reach`: what the client is made with. `snapshot`: the registry by gRPC from nowhere. `generation`: the registry's
    own, asked for at the start, in silence, and when an event is of another one than the mirror. `consumed`: the places
    kept with the mirror. `unread`: what was set aside, tried again at each start.
    """

    def __init__(
        self,
        reach: Mapping[str, Any],
        group: str,
        instance: str,
        *,
        snapshot: Callable[[], AsyncGenerator[Event, None]],
        generation: Callable[[], Any],
        consumed: Callable[[float], Mapping[tuple[str, int], int]],
        unread: Callable[[], Sequence[Unread]],
        session_seconds: float = 30.0,
    ) -> None:
        self._reach, self._group, self._instance = reach, group, instance
        self._snapshot, self._current = snapshot, generation
        self._consumed, self._unread = consumed, unread
        self._session_ms = int(session_seconds * 1000)
        self._consumer: AIOKafkaConsumer | None = None
        self._generation = ""

    async def follow(self, position: Position) -> AsyncGenerator[Event, None]:
        """What came after the places that the mirror keeps, then what comes."""
        self._generation = position.generation
        backoff, fresh = Backoff(), not position.generation
        while True:
            heed_cancellation()
            try:
                async with aclosing(self._stream(fresh=fresh)) as events:
                    async for event in events:
                        fresh = fresh and not isinstance(event, Reached)
                        if not isinstance(event, StandBy):
                            backoff.reset()
                        yield event
            except (Gap, OffsetOutOfRangeError, NoOffsetForPartitionError) as gap:
                log.warning("source.snapshot_needed", reason=str(gap))
                fresh = True
                continue
            except (KafkaError, RegistryRefused, OSError, TimeoutError) as error:
                log.warning("source.interrupted", error=type(error).__name__)
            finally:
                await self._discard()
            heed_cancellation()  # before the sleep, which would not know
            await asyncio.sleep(backoff.next())

    async def taken(self, events: Sequence[Event]) -> None:
        """Tell the group how far the mirror has come; that it fails loses nothing."""
        places = {TopicPartition(e.topic, e.partition): e.next for e in events if isinstance(e, Consumed)}
        consumer = self._consumer
        if consumer is None:
            return
        held = {place: at for place, at in places.items() if place in consumer.assignment()}
        if not held:
            return
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(CALL_SECONDS):
                await consumer.commit(held)

    async def _stream(self, *, fresh: bool) -> AsyncGenerator[Event, None]:
        consumer, paused = await self._open()
        held: frozenset[TopicPartition] = frozenset()
        while True:
            if paused.take():
                held = frozenset(consumer.assignment())
                log.info("source.assigned", group=self._group, partitions=len(held))
                yield StandBy(not held)
                async with aclosing(self._take_over(consumer, held, fresh=fresh)) as events:
                    async for event in events:
                        yield event
                fresh = fresh and not held
            async with asyncio.timeout(CALL_SECONDS):
                found = await consumer.getmany(timeout_ms=POLL_MS, max_records=MOST)
            heed_cancellation()
            for place, records in found.items():
                for record in records:
                    if (told := await self._event(record)) is not None:
                        yield told
                yield Consumed(place.topic, place.partition, records[-1].offset + 1)
            if found:
                self._heard = asyncio.get_running_loop().time()
            else:
                await self._check_silence(consumer, held)

    async def _take_over(
        self, consumer: AIOKafkaConsumer, held: frozenset[TopicPartition], *, fresh: bool
    ) -> AsyncGenerator[Event, None]:
        """Go on from the mirror's own places, or from a snapshot."""
        if not held:
            return
        async with asyncio.timeout(CALL_SECONDS):
            starts, ends = await consumer.beginning_offsets(held), await consumer.end_offsets(held)
        kept = {TopicPartition(*place): at for place, at in self._consumed(AWAY_SECONDS).items()}
        if not fresh and await self._is_superseded():
            log.warning("source.snapshot_needed", reason=f"the registry is not of {self._generation} any more")
        elif not fresh and all(starts[each] <= kept.get(each, -1) <= ends[each] for each in held):
            for each in self._unread():
                yield parsed(each)
            for place in held:
                consumer.seek(place, kept[place])
            consumer.resume(*held)
            return
        elif not fresh:
            log.warning("source.snapshot_needed", reason="the mirror's place is not in the topics any more")
        async with aclosing(self._snapshot()) as events:
            async for event in events:
                yield event
                if isinstance(event, Reached):
                    self._generation = event.position.generation
                    break
        for place, end in ends.items():
            consumer.seek(place, end)
            yield Consumed(place.topic, place.partition, end)
        consumer.resume(*held)

    async def _event(self, record: Any) -> Changed | Unread | None:
        told = read(record)
        if told is None:
            return None
        if told.generation == self._generation:
            return told.event
        if await self._current() != self._generation:
            raise Gap(f"the registry is not of {self._generation} any more")
        return None  # from before the registry was restored

    async def _is_superseded(self) -> bool:
        """Whether the registry is of another generation now; one that does not answer proves nothing."""
        with contextlib.suppress(RegistryRefused):
            return bool(await self._current() != self._generation)
        return False

    async def _check_silence(self, consumer: AIOKafkaConsumer, held: frozenset[TopicPartition]) -> None:
        """A consumer that gets nothing for long although there is something is thrown away.

        A registry that was restored announces nothing by that alone: it is asked.
        """
        now = asyncio.get_running_loop().time()
        if now - self._heard < SILENT_SECONDS:
            return
        self._heard = now
        if held and await self._is_superseded():
            raise Gap(f"the registry is not of {self._generation} any more")
        async with asyncio.timeout(CALL_SECONDS):
            ends = await consumer.end_offsets(held) if held else {}
            if any([await consumer.position(each) < end for each, end in ends.items()]):
                raise TimeoutError

    async def _open(self) -> "tuple[AIOKafkaConsumer, _Paused]":
        self._heard = asyncio.get_running_loop().time()
        self._consumer = consumer = AIOKafkaConsumer(
            **self._reach,
            client_id="gemensam-subscriber",
            group_id=self._group,
            group_instance_id=self._instance,
            enable_auto_commit=False,
            auto_offset_reset="none",
            partition_assignment_strategy=(StandbyAssignor,),
            session_timeout_ms=self._session_ms,
            heartbeat_interval_ms=self._session_ms // 10,
            max_poll_interval_ms=300_000,
            fetch_max_wait_ms=100,
        )
        paused = _Paused(consumer)
        consumer.subscribe(TOPICS, listener=paused)
        async with asyncio.timeout(CALL_SECONDS):
            await consumer.start()
        return consumer, paused

    async def _discard(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await consumer.stop()
            with contextlib.suppress(KafkaError, OSError, TimeoutError):  # a stop that was cut leaves connections open
                async with asyncio.timeout(STOP_SECONDS):
                    await consumer._client.close()  # noqa: SLF001


class _Paused(ConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types
    """What is held waits until its place is known: never the group's offset, which may be another mirror's.

    A rebalance that gives the same partitions again forgets where each was, so it counts as well.
    """

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer, self._assigned = consumer, False

    def take(self) -> bool:
        """Whether there was an assignment since the last question."""
        assigned, self._assigned = self._assigned, False
        return assigned

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Nothing is owed: what was told is in the mirror with its place."""

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Hold still."""
        for each in assigned:
            self._consumer.seek(each, 0)
        self._consumer.pause(*assigned)
        self._assigned = True
