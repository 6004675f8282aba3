"""`gemensam relay` as operators use it: topics, alone as a program, status, holding back, and everything once more."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from registry.store.sqlstore import SqlStore, open_store
from tests.components.announced import copies, differences
from tests.components.forked import Child
from tests.components.kafka import Kafka
from tests.components.ports import free_port
from tests.components.topics import empty, everything
from tests.faults.announcing import announced, change, history
from tests.integration.cli.program import Done, environment, gemensam

KEYS, HELD = [f"o{number}" for number in range(20)], "offerings/o7"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    """Changes that nobody has announced."""
    opened = open_store(f"sqlite:///{tmp_path}/gemensam.db")
    for _ in range(3):
        await change(opened, *KEYS)
    yield opened
    opened.close()


class Program:
    """`gemensam relay run` on a folder, and the other commands on the same."""

    def __init__(self, folder: Path, kafka: Kafka) -> None:
        self._folder, self._kafka = folder, kafka
        command = ["relay", "run", "--data", folder, "--kafka", kafka.bootstrap]
        with (folder / "relay.log").open("a") as log:
            self._process = Child("gemensam", command, env=environment(), err=log)
        assert self._process.stdout is not None
        self.first_line = self._process.stdout.readline()

    def __call__(self, *words: str) -> Done:
        return gemensam("relay", *words, "--data", self._folder)

    def stop(self) -> int:
        """End it in order."""
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate(30)
        return self._process.wait(0)


@pytest.fixture
def relay(tmp_path: Path, kafka: Kafka, store: SqlStore) -> Program:
    """A relay, of that store."""
    del store  # it is there
    return Program(tmp_path, kafka)


async def test_a_relay_alone_announces_until_it_is_told_to_end(relay: Program, store: SqlStore, kafka: Kafka) -> None:
    assert relay.first_line == f"relaying kafka={kafka.bootstrap}. Ctrl-C ends it.\n"
    await announced(store)
    status = relay("status", "--json").lines()[0]
    assert relay.stop() == 0
    assert (status["announced"], status["head"], status["lag"], status["parked"]) == (60, 60, 0, [])
    assert (bool(status["leader"]), status["oldest_seconds"]) == (True, 0)
    after = relay("status")
    assert (after.code, after.out) == (0, "announced up to revision 60 of 60; 0 wait; leads: nobody\n")
    assert differences(await history(store), await everything(kafka.bootstrap)) == []


async def test_what_is_held_back_waits_and_everything_else_goes_on(
    relay: Program, store: SqlStore, kafka: Kafka
) -> None:
    await announced(store)
    held = relay("park", HELD)
    assert (held.code, held.out) == (0, f"{HELD} is parked.\n")
    await change(store, *KEYS)
    await announced(store)
    status = relay("status")
    assert (status.code, f"parked: {HELD} from revision 61: by an operator" in status.out) == (1, True)
    ledger, events = await history(store), await everything(kafka.bootstrap)
    assert differences(ledger, events, parked=[HELD]) == []
    assert len([event for event in events if event.key == HELD]) == 3
    freed = relay("unpark", HELD)
    assert (freed.code, freed.out) == (0, f"{HELD} is released; the relay sends what waited.\n")
    while relay("status").code:
        await change(store, "o1")
    await announced(store)
    assert relay.stop() == 0
    assert differences(await history(store), await everything(kafka.bootstrap)) == []


async def test_a_new_cluster_gets_the_same_events_again(
    relay: Program, store: SqlStore, kafka: Kafka, tmp_path: Path
) -> None:
    await announced(store)
    assert relay.stop() == 0
    before = await everything(kafka.bootstrap)
    await empty(kafka.bootstrap)
    asked = relay("rebuild")
    assert (asked.code, "Announce every change again?" in asked.out) == (1, True)
    again = relay("rebuild", "--yes")
    assert (again.code, again.out) == (0, "60 changes are announced again by whoever leads.\n")
    second = Program(tmp_path, kafka)
    await announced(store)
    assert second.stop() == 0
    after = await everything(kafka.bootstrap)
    assert differences(await history(store), after) == []
    assert copies(after) == 0
    assert {event.id: (event.key, event.value, event.headers) for event in after} == {
        event.id: (event.key, event.value, event.headers) for event in before
    }


async def test_topics_are_made_once_and_then_compared(kafka: Kafka) -> None:
    missing = gemensam("relay", "topics", "--check", "--kafka", kafka.bootstrap)
    made = gemensam("relay", "topics", "--kafka", kafka.bootstrap)
    there = gemensam("relay", "topics", "--check", "--kafka", kafka.bootstrap)
    assert (missing.code, missing.out.count("wrong: is missing")) == (1, 2)
    assert (made.code, made.out.count("6 partitions, made now")) == (0, 2)
    assert (there.code, there.out.count("6 partitions\n")) == (0, 2)
    lines = gemensam("relay", "topics", "--check", "--kafka", kafka.bootstrap, "--json").lines()
    assert [(each["partitions"], each["made"], each["wrong"]) for each in lines] == [(6, False, [])] * 2


@pytest.mark.parametrize("words", [("run",), ("topics",)])
def test_where_kafka_is_must_be_said(words: tuple[str, ...], tmp_path: Path) -> None:
    done = gemensam("relay", *words, GEMENSAM_DATA=str(tmp_path))
    assert (done.code, "--kafka" in done.err) == (2, True)


def test_a_broker_that_is_not_there_is_said() -> None:
    done = gemensam("relay", "topics", "--kafka", f"127.0.0.1:{free_port()}")
    assert (done.code, "KAFKA_UNAVAILABLE" in done.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "reason"),
    [(("park", "nothing"), "NAME_INVALID"), (("unpark", HELD), "RESOURCE_NOT_FOUND")],
)
def test_what_cannot_be_held_back_or_let_go_is_said(
    words: tuple[str, ...], reason: str, store: SqlStore, tmp_path: Path
) -> None:
    del store
    done = gemensam("relay", *words, "--data", tmp_path)
    assert (done.code, reason in done.err) == (1, True)
