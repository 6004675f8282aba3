"""Fault 13: an adapter blocks for longer than the group's patience. Nobody is thrown out, and the other target goes on."""

import asyncio
from pathlib import Path

from registry.app import Running
from tests.components.kafka import Kafka
from tests.e2e.street import interface, offered, standing_order
from tests.faults.subscribing import URL, expected, program, until
from tests.faults.watched import journal, target
from tests.integration.api import Api

SESSION_SECONDS, BLOCKED_SECONDS, RELEASES = 6, 15, 5


async def test_fault_13_a_blocked_adapter_holds_up_nobody_else(
    api: Api, registry: Running, kafka: Kafka, tmp_path: Path
) -> None:
    folder = tmp_path / "b"
    orders = {name: folder / name for name in ("blocks", "well")}
    adapters = [
        {"kind": "watched", "name": name, "directory": f"{name}-services", "orders": str(place)}
        for name, place in orders.items()
    ]
    await standing_order(api)
    await offered(api, URL, "o1")
    more = {"session_seconds": SESSION_SECONDS}
    with program(folder, registry, kafka, adapters=adapters, more=more) as here:
        for place in orders.values():
            place.mkdir()
        here.start()
        wanted = await expected(api)
        await until(lambda: all(target(folder / f"{name}-services") == wanted for name in orders))
        (orders["blocks"] / "block").write_text(str(BLOCKED_SECONDS))
        for number in range(1, RELEASES + 1):
            await api.publish("o1", f"1.0.{number}", interfaces=[interface(f"{URL}/v{number}")])
            wanted = await expected(api)
            await until(lambda wanted=wanted: target(folder / "well-services") == wanted)
        assert (orders["blocks"] / "blocked").exists()
        assert len(journal(orders["well"])) - len(journal(orders["blocks"])) >= RELEASES - 2, "one went on alone"
        (orders["blocks"] / "block").unlink()
        await until(lambda: target(folder / "blocks-services") == wanted)
        assigned = here.logged("source.assigned")
        assert here.stop() == 0
    assert len(assigned) == 1, "the group did not lose its member"
    assert here.logged("source.interrupted") == []


async def test_an_adapter_that_never_ends_does_not_keep_the_program(
    api: Api, registry: Running, kafka: Kafka, tmp_path: Path
) -> None:
    await standing_order(api)
    await offered(api, URL, "o1")
    with program(tmp_path / "b", registry, kafka) as here:
        here.start()
        await until(here.target)
        (here.orders / "cling").write_text("3600")
        assert await asyncio.to_thread(here.stop) == 1
        assert "in close" in (here.folder / "log").read_text(), "it says where it hung"
