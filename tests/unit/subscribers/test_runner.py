"""A runner ends when it is told to, at whatever moment."""

import asyncio
from unittest.mock import Mock

import pytest

from subscribers.runner import Runner


async def forever(*_: object) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("turns", range(4))
async def test_told_to_end_while_something_changes(turns: int) -> None:
    passed = asyncio.Event()
    state, reconciler, loop = Mock(whole=True), Mock(), asyncio.get_running_loop()
    reconciler.run.side_effect = lambda: loop.call_soon_threadsafe(passed.set) and 3600.0
    runner = Runner(Mock(), state, reconciler, Mock(run=forever))
    runner._intake = Mock(run=forever)
    work = asyncio.create_task(runner.run())
    await passed.wait()
    await asyncio.sleep(0.1)  # it waits for its next pass
    runner._dirty.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    work.cancel()
    _, left = await asyncio.wait([work], timeout=5)
    assert not left
    assert work.cancelled()
