"""Threat 16: who is not let in by Kafka's own rules can neither write nor read; and nobody speaks without TLS over a network.

The rules are the guide's ACL lines, run as they are by Kafka's own program against a broker that asks who may do what.
"""

import asyncio
import contextlib
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, TopicAuthorizationFailedError
from pydantic import ValidationError
from structlog.testing import capture_logs

from registry.app import kafka, running
from registry.demo.kafka import command
from registry.errors import Precondition
from registry.kafka import connection
from registry.reach import Reach
from registry.relay import topics
from registry.relay.envelope import CATALOGUE, ONBOARDING, Record
from registry.relay.publisher import Publisher, PublishFailed
from registry.settings import Settings
from subscribers.client import Client
from subscribers.intake import Intake
from subscribers.settings import Settings as SubscriberSettings
from subscribers.sources.choice import source
from subscribers.state import State
from tests.checks.problem import ROOT
from tests.components.certificates import Authority
from tests.components.guarded import Guarded
from tests.integration.api import Api
from tests.integration.relay.test_relay import relayed
from tests.integration.relay.test_source import Follower, change, same

RELAY, BODY, NEIGHBOUR = "gemensam-relay", "ockelbo", "region-gavleborg"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A guarded broker."""
    broker = Guarded(tmp_path_factory.mktemp("guarded"))
    yield broker
    broker.kafka.stop()


def run(guarded: Guarded, lines: str) -> str:
    """Run lines of the guide in its own shell, where kafka-acls.sh is Kafka's."""
    program = shlex.join(command("org.apache.kafka.tools.AclCommand"))
    shell = f'set -euo pipefail\nshopt -s expand_aliases\nkafka-acls.sh() {{ {program} "$@"; }}\n'
    wanted = lines.replace("kafka.example.se:9093", guarded.kafka.bootstrap)
    done = subprocess.run(
        ["bash", "-c", shell + wanted], cwd=guarded.admin.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def guide() -> str:
    """The lines of the guide."""
    (found,) = re.findall(r"```bash\n(acls=.*?)```", (ROOT / "docs/events/README.md").read_text(), re.DOTALL)
    return str(found)


class Body(Follower):
    """A body's subscriber, with the certificate of that body."""

    def __init__(self, registry: str, guarded: Guarded, who: str, folder: Path) -> None:
        kafka: Any = {
            "bootstrap": guarded.kafka.bootstrap,
            "group": f"se.{who}.gateway",
            "instance": "one",
            "security": "SSL",
            **guarded.files(who),
        }
        system, targets = f"organisations/{who}/systems/gw", ({"kind": "files"},)
        settings = SubscriberSettings(
            registry=registry, systems=(system,), source="kafka", kafka=kafka, adapters=targets
        )
        self.state, self.client = State(folder / f"{who}.db"), Client(Reach(registry), f"organisations/{who}")
        self.source = source(settings, self.client, self.state)
        self.events: list[Any] = []
        self._intake = Intake(self.source, self.state, lambda events, _news: self.events.extend(events))


async def refused(follower: Body) -> None:
    """Wait until the body's subscriber is told that it may not."""
    with capture_logs() as logs:
        async with follower.following(), asyncio.timeout(60):
            while not any("AuthorizationFailed" in str(each.get("error")) for each in logs):
                await asyncio.sleep(0.05)


async def send(guarded: Guarded) -> None:
    """Send one record as the relay."""
    publisher = Publisher(guarded.reach(RELAY), lambda: True)
    try:
        await publisher.send([Record(1, CATALOGUE, "key", b"key", b"{}", [], b"1", b"")])
    finally:
        await publisher.discard()


async def consume(guarded: Guarded, group: str) -> None:
    """Read once as the body, in a group."""
    consumer = AIOKafkaConsumer(CATALOGUE, **guarded.reach(BODY), group_id=group, enable_auto_commit=False)
    try:
        await consumer.start()
        await consumer.getmany(timeout_ms=500)
    finally:
        await consumer.stop()


async def produce(guarded: Guarded, topic: str) -> None:
    """Write as the body."""
    producer = AIOKafkaProducer(**guarded.reach(BODY), acks="all")
    try:
        await producer.start()
        await producer.send_and_wait(topic, b"{}")
    finally:
        await producer.stop()


async def test_threat_16_the_relay_and_a_body_are_refused_until_the_guides_lines_are_run_and_no_other_body_after(
    guarded: Guarded, tmp_path: Path
) -> None:
    found = await topics.ensure(guarded.reach(RELAY))
    assert not any(topic.made for topic in found)
    assert all(topic.wrong for topic in found)
    with pytest.raises(PublishFailed) as error:
        await send(guarded)
    assert error.value.reason == "KAFKA_NOT_AUTHORISED"
    files = guarded.files(RELAY)
    settings = Settings(
        data=tmp_path / "data",
        grpc_address="127.0.0.1:0",
        web_address="",
        kafka_bootstrap=guarded.kafka.bootstrap,
        kafka_security="SSL",
        kafka_ca=files["ca"],
        kafka_certificate=files["certificate"],
    )
    async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
        api = Api(channel)
        await api.body("a")
        await api.offer("permits")
        await refused(Body(registry.grpc_address, guarded, BODY, tmp_path / "before"))
        reading = await registry.store.read(lambda view: view.reading("relay"))
        assert reading is None or reading.revision == 0
        said = await asyncio.to_thread(run, guarded, guide())
        assert said.count("Adding ACLs") == 6, "for each topic of each line"
        await relayed(registry)
        assert [topic.wrong for topic in await topics.ensure(guarded.reach(RELAY))] == [[], []]
        async with Body(registry.grpc_address, guarded, BODY, tmp_path).following() as follower:
            await same(follower, registry)
            await change(api, 1)
            await same(follower, registry)
        await refused(Body(registry.grpc_address, guarded, NEIGHBOUR, tmp_path))
    with pytest.raises(GroupAuthorizationFailedError):
        await consume(guarded, f"se.{NEIGHBOUR}.gateway")
    for topic in (CATALOGUE, ONBOARDING):
        with pytest.raises(TopicAuthorizationFailedError):
            await produce(guarded, topic)


async def test_threat_16_a_certificate_of_another_authority_opens_nothing(guarded: Guarded, tmp_path: Path) -> None:
    forged = Authority(tmp_path).certificate(f"DNS:{RELAY}", subject=RELAY)
    files = {"ca": guarded.authority.trust_store, "certificate": forged}
    producer = AIOKafkaProducer(**connection(guarded.kafka.bootstrap, "SSL", **files))
    with pytest.raises(KafkaConnectionError):
        await producer.start()
    await producer.stop()


NETWORK = "127.0.0.1:9092,kafka.example.se:9092"


async def test_threat_16_the_registry_does_not_start_without_tls_over_a_network(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, grpc_address="127.0.0.1:0", web_address="", kafka_bootstrap=NETWORK)
    with pytest.raises(Precondition) as error:
        async with running(settings):
            raise AssertionError("it serves")
    assert error.value.reason == "KAFKA_NOT_SECURED"
    assert "without TLS" in str(error.value)
    with pytest.raises(ValidationError):
        Settings(kafka_bootstrap=NETWORK, kafka_security="SASL_PLAINTEXT")  # type: ignore[arg-type]
    assert kafka(settings.model_copy(update={"kafka_allow_plaintext": True})) == {"bootstrap_servers": NETWORK}
    assert kafka(settings.model_copy(update={"kafka_security": "SSL"}))["security_protocol"] == "SSL"


async def test_threat_16_nor_does_a_subscriber(tmp_path: Path) -> None:
    system = f"organisations/{BODY}/systems/gw"
    client = Client(Reach("127.0.0.1:1"), f"organisations/{BODY}")
    for allowed in (False, True):
        told: Any = {"bootstrap": NETWORK, "group": "g", "allow_plaintext": allowed}
        settings = SubscriberSettings(systems=(system,), source="kafka", kafka=told, adapters=({"kind": "files"},))
        with contextlib.nullcontext() if allowed else pytest.raises(ValueError, match="without TLS"):
            assert source(settings, client, State(tmp_path / "state.db"))
