"""Fault 10: kill -9 of the subscriber in a stream of changes. Every effect is there, once, and none goes back."""

import asyncio
import json
import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from signal import SIGKILL

from registry.app import Running
from registry.semver import precedence
from subscribers.adapter import Action, Plan, Step
from tests.components.kafka import Kafka
from tests.e2e.street import interface, offered, standing_order
from tests.faults.subscribing import URL, program, until
from tests.faults.watched import Watched, journal
from tests.integration.api import Api
from tests.integration.relay.test_source import truth

OFFERINGS, KILLS, CHANGES = 12, 5, 300


async def publish(api: Api, until_told: asyncio.Event, chance: random.Random) -> None:
    """Release after release, of any of the offerings: so many at least, and until told."""
    version = 0
    while version < CHANGES or not until_told.is_set():
        version += 1
        text = f"1.0.{version}"
        await api.publish(f"o{chance.randrange(OFFERINGS)}", text, interfaces=[interface(f"{URL}/v{version}")])


def doubled(applied: Sequence[tuple[str, str]]) -> list[str]:
    """Effects that were applied more than once."""
    return [f"{each} twice" for number, each in enumerate(applied) if each in applied[:number]]


def gone_back(applied: Sequence[tuple[str, str]]) -> list[str]:
    """Older releases over newer ones."""
    releases = {key: [release for each, release in applied if each == key] for key, _ in applied}
    pairs = [pair for each in releases.values() for pair in pairwise(each)]
    return [f"{new} over {old}" for old, new in pairs if _version(new) < _version(old)]


def _version(release: str) -> object:
    return precedence(release.rpartition("/")[2])


async def test_fault_10_kill_9_of_the_subscriber(api: Api, registry: Running, kafka: Kafka, tmp_path: Path) -> None:
    chance, enough = random.Random(10), asyncio.Event()  # noqa: S311 - the same kills each time
    await standing_order(api)
    for number in range(OFFERINGS):
        await offered(api, URL, f"o{number}")
    with program(tmp_path / "b", registry, kafka) as here:
        publishing = asyncio.create_task(publish(api, enough, chance))
        for _ in range(KILLS):
            before = len(journal(here.orders))
            here.start()
            await until(lambda before=before: len(journal(here.orders)) > before + chance.randrange(10))
            assert here.stop(SIGKILL) == -SIGKILL
        enough.set()
        await publishing
        here.start()
        await here.brings(api)
        async with asyncio.timeout(60):
            while here.known() != await truth(registry):  # a newer release does not make up for one that was lost
                await asyncio.sleep(0.05)
        applied = journal(here.orders)
        snapshots = [each["reason"] for each in here.logged("source.snapshot_needed")]
        assert here.stop() == 0
    assert len(here.target()) == OFFERINGS
    assert doubled(applied) == []
    assert gone_back(applied) == []
    assert snapshots == [], "each went on from its own place"


def test_what_is_doubled_or_goes_back_is_found_out() -> None:
    whole = [("s", "o/releases/1.0.9"), ("t", "p/releases/1.0.1"), ("s", "o/releases/1.0.10")]
    assert (doubled(whole), gone_back(whole)) == ([], [])
    assert len(doubled([*whole, whole[0]])) == 1
    assert len(gone_back([*whole, whole[0]])) == 1


def test_what_was_applied_and_cut_before_its_line_is_found_out_when_it_is_applied_again(tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    adapter = Watched(directory=str(tmp_path / "services"), orders=str(tmp_path))
    key = "organisations/b/subscriptions/s"
    after = json.dumps({"mark": "gemensam", "subscription": key, "release": "offerings/o/releases/1.0.0"})
    plan = Plan((Step(Action.ADD, key, "", after),))
    adapter.apply(plan)
    (tmp_path / "journal").unlink()
    adapter.apply(plan)
    assert len(doubled(journal(tmp_path))) == 1
