"""What is not public is on the restricted topic alone, and leaves the public one when it is hidden."""

from typing import Any

from registry.api.v1.offering_pb2 import Visibility
from registry.api.v1.offering_service_pb2 import UpdateOfferingRequest
from registry.app import Running
from registry.relay.envelope import CATALOGUE, ONBOARDING
from registry.relay.rebuild import start_again
from subscribers.sources.records import read
from tests.components.kafka import Kafka
from tests.components.topics import everything
from tests.integration.api import Api
from tests.integration.relay.test_relay import relayed

PUBLIC, RESTRICTED = Visibility.VISIBILITY_PUBLIC, Visibility.VISIBILITY_RESTRICTED
NAME, RELEASE = "offerings/permits", "offerings/permits/releases/1.0.0"


async def _show(api: Api, visibility: int) -> None:
    offering = {"name": NAME, "visibility": visibility}
    await api.offerings.UpdateOffering(UpdateOfferingRequest(offering=offering, update_mask={"paths": ["visibility"]}))


def _last(events: list[Any], topic: str) -> dict[str, Any]:
    """What a reader of the topic, compacted, has of the offering."""
    kept = {each.key: each for each in events if each.topic == topic and each.key.startswith(NAME)}
    return {key: each for key, each in kept.items() if each.value is not None}


async def test_an_offering_that_is_hidden_leaves_the_public_topic_and_comes_back_with_its_releases(
    api: Api, registry_server: Running, kafka: Kafka
) -> None:
    await api.body("a")
    await api.offer("permits")
    await api.publish("permits", "1.0.0")
    await relayed(registry_server)
    assert _last(await everything(kafka.bootstrap), CATALOGUE).keys() == {NAME, RELEASE}

    await _show(api, RESTRICTED)
    await api.publish("permits", "1.1.0")
    await relayed(registry_server)
    events = await everything(kafka.bootstrap)
    assert _last(events, CATALOGUE) == {}
    assert _last(events, ONBOARDING).keys() == {NAME, f"{NAME}/releases/1.1.0"}
    gone = [each for each in events if each.topic == CATALOGUE and each.value is None]
    assert {each.header("ce_type") for each in gone} == {
        "se.gemensam.registry.offering.hidden.v1",
        "se.gemensam.registry.release.hidden.v1",
    }

    before = len(events)
    await _show(api, PUBLIC)
    await relayed(registry_server)
    events = await everything(kafka.bootstrap)
    shown = _last(events, CATALOGUE)
    assert shown.keys() == {NAME, RELEASE, f"{NAME}/releases/1.1.0"}
    first = next(each for each in events if each.key == RELEASE)
    assert (shown[RELEASE].revision, shown[RELEASE].value) == (first.revision, first.value)
    assert len(events) > before


async def test_a_topic_that_is_written_again_tells_nothing_of_what_is_hidden_now(
    api: Api, registry_server: Running, kafka: Kafka
) -> None:
    await api.body("a")
    await api.offer("permits")
    await api.publish("permits", "1.0.0")
    await _show(api, RESTRICTED)
    await relayed(registry_server)
    before = {(each.topic, each.partition, each.offset) for each in await everything(kafka.bootstrap)}
    await start_again(registry_server.store)
    await relayed(registry_server)
    events = await everything(kafka.bootstrap)
    again = [each for each in events if (each.topic, each.partition, each.offset) not in before]
    assert _last(again, CATALOGUE) == {}
    assert _last(again, ONBOARDING).keys() == {NAME, RELEASE}


class _Raw:
    """A record as the client hands it over."""

    def __init__(self, kind: str, value: bytes | None) -> None:
        self.topic, self.partition, self.offset = CATALOGUE, 0, 1
        self.key, self.value = NAME.encode(), value
        self.headers = [("ce_type", f"se.gemensam.registry.{kind}".encode()), ("ce_id", b"g:7")]


def test_a_subscriber_that_follows_both_topics_does_not_take_hiding_for_a_deletion() -> None:
    assert read(_Raw("offering.hidden.v1", None)) is None
    deleted = read(_Raw("offering.deleted.v1", None))
    assert deleted is not None
    assert deleted.event.revision == 7
