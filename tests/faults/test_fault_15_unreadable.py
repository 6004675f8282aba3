"""Fault 15: records that cannot be read are set aside with their reason, and stop nothing that comes after them."""

from pathlib import Path

from aiokafka import AIOKafkaProducer

from registry.app import Running
from registry.relay.envelope import CATALOGUE, ONBOARDING
from tests.components.kafka import Kafka
from tests.integration.api import Api
from tests.integration.relay.test_relay import relayed
from tests.integration.relay.test_source import Follower, change, same

FOREIGN = 900_000


async def test_fault_15_unreadable_records(api: Api, registry: Running, kafka: Kafka, tmp_path: Path) -> None:
    await api.body("a")
    await api.offer("permits")
    ledger = await relayed(registry)
    type_ = ("ce_type", b"se.gemensam.registry.offering.updated.v1")
    head = ledger[-1].generation
    async with (
        Follower(registry, kafka, tmp_path).following() as follower,
        AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer,
    ):
        await same(follower, registry)
        bad = [type_, ("ce_id", f"{head}:{FOREIGN}".encode())]
        await producer.send_and_wait(CATALOGUE, b"\xff\xfe", key=b"offerings/bytes", headers=bad)
        await producer.send_and_wait(CATALOGUE, b"[" * 100_000, key=b"offerings/deep", headers=bad)
        await producer.send_and_wait(CATALOGUE, b"{}", key=b"offerings/other", headers=bad)
        await producer.send_and_wait(ONBOARDING, b"{}", key=None, headers=bad)
        await producer.send_and_wait(CATALOGUE, b"{}", key=b"x", headers=[type_, ("ce_id", b"\xff")])
        await producer.send_and_wait(CATALOGUE, b"{}", key=b"x", headers=[type_, ("ce_id", b"g:" + b"9" * 40)])
        for number in range(20):
            await change(api, number)
            await api.offer(f"later-{number}")
        await same(follower, registry)
        aside = {each.name: each.reason for each in follower.state.unread()}
    assert set(aside) == {"offerings/bytes", "offerings/deep", "offerings/other"}
    assert all(aside.values())
