"""Answers are remembered for a day, and not for ever."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from registry.store.flush import REQUESTS
from registry.store.sqlstore import SqlStore, open_store
from registry.store.writer import FORGET_EVERY

from .conftest import body, put


class Clock:
    """A clock that is told what time it is."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


async def write(store: SqlStore, first: int, count: int) -> None:
    commands = (put(body("a"), request_id=f"r-{number}") for number in range(first, first + count))
    await asyncio.gather(*map(store.write, commands))


def remembered(store: SqlStore) -> int:
    with store._read_engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(REQUESTS)).scalar_one())


async def test_answers_are_kept_for_a_day_and_then_dropped(database_url: str) -> None:
    clock = Clock()
    store = open_store(database_url, now=clock)
    try:
        await write(store, 0, FORGET_EVERY)
        clock.now += timedelta(hours=23, minutes=59)
        await write(store, 1000, FORGET_EVERY)
        assert remembered(store) == 2 * FORGET_EVERY
        assert (await store.write(put(body("a"), request_id="r-0"))).replayed
        clock.now += timedelta(minutes=2)
        await write(store, 2000, FORGET_EVERY)
        assert remembered(store) == 2 * FORGET_EVERY
        assert (await store.write(put(body("a"), request_id="r-1000"))).replayed
        assert not (await store.write(put(body("a"), request_id="r-0"))).replayed
    finally:
        store.close()


async def test_old_answers_go_faster_than_new_ones_come(database_url: str) -> None:
    clock = Clock()
    store = open_store(database_url, now=clock)
    try:
        for number in range(8):
            clock.now += timedelta(hours=5)
            await write(store, number * 1000, FORGET_EVERY)
        assert remembered(store) <= 6 * FORGET_EVERY
    finally:
        store.close()
