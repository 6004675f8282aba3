"""A change as a record: what the library of CloudEvents makes of it, and reads out of it again."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from google.protobuf.json_format import MessageToDict

from registry.api.v1.change_pb2 import Change
from registry.relay.envelope import CATALOGUE, ONBOARDING
from registry.store.kinds import KINDS
from tests.components.announced import expected

TIME = datetime(2026, 3, 4, 5, 6, 7, 89000, UTC)
TRACE = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
PUBLIC = {"organisation", "capability", "offering", "release"}


def change(kind: str = "offering", **fields: Any) -> Change:
    """A change of a resource called `things/å`."""
    made = Change(revision=7, generation="g", kind=kind, name="things/å", event_type=f"se.x.{kind}.made.v1", **fields)
    made.time.FromDatetime(TIME)
    getattr(made.resource, kind).name = "things/å"
    return made


def by_the_library(made: Change) -> KafkaMessage:
    """The same, wholly by the library."""
    resource = getattr(made.resource, made.kind)
    trace = {"traceparent": made.traceparent} if made.traceparent else {}
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": "g:7",
        "source": "urn:gemensam:registry",
        "type": made.event_type,
        "subject": "things/å",
        "time": made.time.ToDatetime(UTC),
        "datacontenttype": "application/json",
        "dataschema": f"urn:gemensam:proto:gemensam.registry.v1.{resource.DESCRIPTOR.name}",
        "sequence": "7",
        **trace,
    }
    return to_binary(CloudEvent(attributes, MessageToDict(resource)), JSONFormat())


@pytest.mark.parametrize("trace", ["", TRACE])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_what_the_library_makes_of_it(kind: str, trace: str) -> None:
    made = change(kind, etag="e", traceparent=trace)
    ours, theirs = expected(made), by_the_library(made)
    assert dict(ours.headers) == theirs.headers
    assert json.loads(ours.value or b"") == json.loads(theirs.value)
    assert ours.topic == (CATALOGUE if kind in PUBLIC else ONBOARDING)
    assert ours.key == "things/å".encode()


def test_the_library_reads_it_as_an_event() -> None:
    made = expected(change(etag="e", traceparent=TRACE))
    event = from_binary(KafkaMessage(dict(made.headers), made.key, made.value or b""), JSONFormat())
    assert (event.get_id(), event.get_subject(), event.get_time()) == ("g:7", "things/å", TIME)
    assert (event.get_extension("sequence"), event.get_extension("traceparent")) == ("7", TRACE)
    assert event.get_data() == {"name": "things/å"}


def test_a_deletion_has_no_value() -> None:
    made = expected(change(kind="interest"))
    assert made.value is None
    assert dict(made.headers)["ce_type"] == b"se.x.interest.made.v1"
