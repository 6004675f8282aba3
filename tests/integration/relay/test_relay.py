"""What the relay announces on a real Kafka, read back and compared with the ledger."""

import asyncio
import json
from typing import Any

from google.protobuf.json_format import Parse

from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.onboarding_service_pb2 import CreateInterestRequest, DeleteInterestRequest
from registry.api.v1.organisation_service_pb2 import CreateOrganisationRequest
from registry.app import Running
from registry.relay.envelope import CATALOGUE, ONBOARDING
from tests.components.announced import differences
from tests.components.kafka import Kafka
from tests.components.topics import everything
from tests.integration.api import Api


async def relayed(registry: Running) -> list[Any]:
    """The ledger, once the relay has confirmed all of it."""
    async with asyncio.timeout(60):
        while True:
            head = registry.store.head_revision
            reading = await registry.store.read(lambda view: view.reading("relay"))
            if reading and reading.revision >= head:
                break
            await asyncio.sleep(0.02)
    return await registry.store.read(lambda view: view.changes(1, 100_000))


async def test_every_change_is_announced_once_in_order_with_its_snapshot(
    api: Api, registry_server: Running, kafka: Kafka
) -> None:
    await api.body("a")
    await api.offer("permits")
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        await api.publish("permits", version)
    ledger = await relayed(registry_server)
    events = await everything(kafka.bootstrap)
    assert differences(ledger, events) == []
    assert len(events) == len(ledger)
    (offering,) = [event for event in events if event.key == "offerings/permits"]
    assert offering.topic == CATALOGUE
    assert offering.header("content-type") == "application/json"
    assert offering.header("ce_specversion") == "1.0"
    assert offering.header("ce_type") == "se.gemensam.registry.offering.created.v1"
    assert offering.header("ce_subject") == "offerings/permits"
    assert offering.header("ce_sequence") == str(offering.revision)
    assert offering.header("ce_dataschema").endswith("gemensam.registry.v1.Offering")
    message = Parse(offering.value or b"", Offering())
    assert message == ledger[offering.revision - 1].resource.offering


async def test_restricted_kinds_go_to_the_restricted_topic_and_deletions_are_tombstones(
    api: Api, registry_server: Running, kafka: Kafka
) -> None:
    await api.body("a")
    interest = {"filter": 'title.sv : "bygg"', "mode": 1}
    request = CreateInterestRequest(parent="organisations/a", interest_id="i", interest=interest)
    await api.onboarding.CreateInterest(request)
    await api.onboarding.DeleteInterest(DeleteInterestRequest(name="organisations/a/interests/i"))
    ledger = await relayed(registry_server)
    events = await everything(kafka.bootstrap)
    assert differences(ledger, events) == []
    assert {event.key for event in events if event.topic == CATALOGUE} == {"organisations/a"}
    about = [event for event in events if event.topic == ONBOARDING and event.key.endswith("/interests/i")]
    assert json.loads(about[0].value or b"{}")["name"] == "organisations/a/interests/i"
    assert about[1].value is None
    assert about[1].header("ce_type") == "se.gemensam.registry.interest.deleted.v1"


async def test_the_traceparent_goes_out_unaltered(api: Api, registry_server: Running, kafka: Kafka) -> None:
    traceparent = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
    request = CreateOrganisationRequest(organisation_id="t", organisation={"kind": 1, "title": {"sv": "T"}})
    await api.organisations.CreateOrganisation(request, metadata=(("traceparent", traceparent),))
    await relayed(registry_server)
    (event,) = await everything(kafka.bootstrap)
    assert event.header("ce_traceparent") == traceparent
