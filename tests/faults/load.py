"""A steady load: so many publications a second, each begun on time whatever became of those before it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count

Publish = Callable[[int], Awaitable[object]]


class Load:
    """How many publications were acknowledged, and what those that failed said."""

    def __init__(self, publish: Publish, rate: int) -> None:
        self._publish, self._pause = publish, 1 / rate
        self._ends = False
        self._moved = asyncio.Condition()
        self.acknowledged = 0
        self.failed: list[str] = []

    async def run(self) -> None:
        """Begin one after the other until told to end, and wait for their answers."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with asyncio.TaskGroup() as group:
            for number in count():
                if self._ends:
                    break
                group.create_task(self._one(number))
                await asyncio.sleep(start + number * self._pause - loop.time())

    async def more(self, wanted: int) -> None:
        """Until so many more were acknowledged."""
        goal = self.acknowledged + wanted
        async with asyncio.timeout(60), self._moved:
            await self._moved.wait_for(lambda: self.acknowledged >= goal or bool(self.failed))

    def end(self) -> None:
        """Begin no more."""
        self._ends = True

    async def _one(self, number: int) -> None:
        try:
            await self._publish(number)
        except Exception as error:  # noqa: BLE001 - every failure is one too many, and the test says which
            self.failed.append(repr(error))
        else:
            self.acknowledged += 1
        async with self._moved:
            self._moved.notify_all()


@contextlib.asynccontextmanager
async def loaded(publish: Publish, rate: int) -> AsyncIterator[Load]:
    """A load beside the block; at its end every publication has been answered."""
    load = Load(publish, rate)
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run())
        try:
            yield load
        finally:
            load.end()
