"""From a source into the mirror: what belongs together goes in together, and a file that fails is come back to."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import pytest

from subscribers import intake as module
from subscribers.events import Changed, Event, Position, Reached, SnapshotEnd, SnapshotStart
from subscribers.intake import CHUNK, Intake, to_the_end
from subscribers.state import State
from tests.unit.subscribers.build import HERE, change, changes, offering, release


class Script:
    """A source that tells what it is given, and remembers where it was asked to go on from."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.asked: list[Position] = []

    def tell(self, *events: Event) -> None:
        for event in events:
            self.events.put_nowait(event)

    async def taken(self, events: Sequence[Event]) -> None:
        """Nobody counts them elsewhere."""

    async def follow(self, position: Position) -> AsyncGenerator[Event, None]:
        self.asked.append(position)
        while True:
            yield await self.events.get()


class Taking:
    """An intake at work, and each transaction that it made."""

    def __init__(self, state: State) -> None:
        self.state, self.source = state, Script()
        self.taken: asyncio.Queue[tuple[Sequence[Event], Sequence[Changed]]] = asyncio.Queue()
        self.intake = Intake(self.source, state, lambda events, news: self.taken.put_nowait((events, news)))

    async def next(self) -> tuple[Sequence[Event], Sequence[Changed]]:
        async with asyncio.timeout(10):
            return await self.taken.get()


@contextlib.asynccontextmanager
async def taking(state: State) -> AsyncIterator[Taking]:
    made = Taking(state)
    task = asyncio.create_task(made.intake.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def reached(revision: int) -> Reached:
    return Reached(Position("g", revision))


async def test_all_that_is_at_hand_goes_in_one_transaction() -> None:
    async with taking(State(":memory:")) as here:
        here.source.tell(SnapshotStart(), *changes(offering()), SnapshotEnd(), Reached(HERE))
        for number in range(2, 100):
            here.source.tell(change("offering", offering(f"o{number}"), number), reached(number))
        events, news = await here.next()
        assert len(events) == 4 + 2 * 98
        assert len(news) == 98
        assert here.state.position() == Position("g", 99)


async def test_what_comes_in_part_is_waited_for_but_not_for_ever() -> None:
    async with taking(State(":memory:")) as here:
        here.source.tell(SnapshotStart(), SnapshotEnd(), Reached(HERE))
        await here.next()
        here.source.tell(change("release", release("1.0.0"), 2))
        asyncio.get_running_loop().call_later(
            module.HOLD_SECONDS / 5, here.source.tell, change("release", release("2.0.0"), 3), reached(3)
        )
        assert [each.revision for each in (await here.next())[1]] == [2, 3]
        here.source.tell(change("release", release("3.0.0"), 4))  # the rest of its batch does not concern us
        assert [each.revision for each in (await here.next())[1]] == [4]
        assert here.state.position() == Position("g", 3)


async def test_a_long_snapshot_goes_in_parts_and_its_end_with_its_position() -> None:
    async with taking(State(":memory:")) as here:
        many = [change("offering", offering(f"o{number}")) for number in range(2 * CHUNK - 2)]
        here.source.tell(SnapshotStart(), *many, SnapshotEnd(), Reached(HERE))
        first, second = await here.next(), await here.next()
        assert (len(first[0]), len(second[0])) == (CHUNK, CHUNK + 1)
        assert here.state.whole
        assert len(here.state.of("offering", [""])) == len(many)


async def test_a_file_that_fails_is_come_back_to_and_nothing_is_lost() -> None:
    async with taking(State(":memory:")) as here:
        here.source.tell(SnapshotStart(), *changes(offering()), SnapshotEnd(), Reached(HERE))
        await here.next()
        full = "CREATE TEMP TRIGGER full BEFORE INSERT ON main.mirror BEGIN SELECT raise(ABORT, 'disk full'); END"
        here.state._database.execute(full)
        here.source.tell(change("offering", offering("school"), 2), reached(2))
        async with asyncio.timeout(10):
            while len(here.source.asked) < 2:
                await asyncio.sleep(0.01)
        here.state._database.execute("DROP TRIGGER full")
        here.source.tell(change("offering", offering("school"), 2), reached(2))
        assert [each.name for each in (await here.next())[1]] == ["offerings/school"]
        assert here.source.asked == [Position(), HERE]


async def test_the_loop_goes_on_while_the_disk_is_slow(tmp_path: object) -> None:
    state = State(f"{tmp_path}/state.db")
    async with taking(state) as here:
        holder = sqlite3.connect(f"{tmp_path}/state.db", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        here.source.tell(SnapshotStart(), SnapshotEnd(), Reached(HERE))
        loop, longest = asyncio.get_running_loop(), 0.0
        for _ in range(30):
            before = loop.time()
            await asyncio.sleep(0.01)
            longest = max(longest, loop.time() - before)
        assert here.taken.empty()
        holder.execute("ROLLBACK")
        holder.close()
        await here.next()
        assert longest < 5
    assert state.whole
    state.close()


async def test_work_that_must_not_be_left_behind_is_waited_for_and_no_longer_than_so() -> None:
    gate = asyncio.Event()
    task = asyncio.create_task(to_the_end(asyncio.wait_for(gate.wait(), 20)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    hung = asyncio.create_task(asyncio.Event().wait())
    task = asyncio.create_task(to_the_end(hung, 0.01))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not hung.done()
    hung.cancel()


async def test_a_source_that_ends_by_itself_is_a_fault() -> None:
    class Ends(Script):
        async def follow(self, position: Position) -> AsyncGenerator[Event, None]:
            self.asked.append(position)
            yield SnapshotStart()

    intake = Intake(Ends(), State(":memory:"), lambda _events, _news: None)
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(intake.run(), 10)
    assert caught.group_contains(RuntimeError, match="ended by itself")
