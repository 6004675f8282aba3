"""Fault 15: a service that an adapter can never bring in fails alone, with its reason, until the fault is mended."""

import asyncio
from pathlib import Path

from registry.api.v1.subscription_pb2 import ConvergencePhase, Subscription
from registry.app import Running
from registry.store import Store
from tests.components.kafka import Kafka
from tests.e2e.street import interface, offered, standing_order, subscription
from tests.faults.announcing import history
from tests.faults.subscribing import URL, expected, program, until
from tests.faults.watched import journal
from tests.integration.api import Api

OFFERINGS, POISON = 20, "offerings/o7"


async def told(api: Api, *, broken: bool) -> Subscription:
    """The subscription to it, once its problem is told, or once it is proven and none is left."""
    async with asyncio.timeout(60):
        while True:
            found = await subscription(api, "o7")
            assert found is not None
            if broken and found.convergence.last_error.reason:
                return found
            if not broken and found.convergence.phase == ConvergencePhase.CONVERGENCE_PHASE_PROVEN:
                return found
            await asyncio.sleep(0.05)


async def accused(store: Store) -> set[str]:
    """Subscriptions that were ever said to have a problem."""
    told = [each.resource.subscription for each in await history(store) if each.kind == "subscription"]
    return {each.name for each in told if each.convergence.HasField("last_error")}


async def test_fault_15_a_poison_service_stops_no_other(
    api: Api, registry: Running, kafka: Kafka, tmp_path: Path
) -> None:
    await standing_order(api)
    for number in range(OFFERINGS):
        await offered(api, URL, f"o{number}")
    with program(tmp_path / "b", registry, kafka) as here:
        (here.orders / "poison").write_text(f"{POISON}/")
        here.start()
        await until(lambda: len(here.target()) == OFFERINGS - 1)
        ill = await told(api, broken=True)
        shown = await here.command("plan", "--json")
        await api.publish("o7", "1.0.1", interfaces=[interface(f"{URL}/v1")])
        await api.publish("o8", "1.0.1", interfaces=[interface(f"{URL}/v1")])
        wanted = await expected(api)
        others = {key: release for key, release in wanted.items() if key != ill.name}
        await until(lambda: here.target() == others)
        (here.orders / "poison").unlink()
        await here.brings(api)
        well = await told(api, broken=False)
        assert here.stop() == 0
    assert await accused(registry.store) == {ill.name}
    assert (ill.convergence.last_error.reason, shown.returncode) == ("ADAPTER_FAULT", 2)
    assert ill.name in shown.stdout
    assert not well.convergence.HasField("last_error")
    assert well.convergence.observed_release == f"{POISON}/releases/1.0.1"
    assert [release for key, release in journal(here.orders) if key == ill.name] == [f"{POISON}/releases/1.0.1"]
    assert len(journal(here.orders)) == OFFERINGS + 1, "each effect once"
