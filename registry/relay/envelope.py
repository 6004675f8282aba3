"""A change as a Kafka record: CloudEvents 1.0 in binary mode, the snapshot as proto3 JSON.

The same change gives the same bytes, always: a topic that is written again has the same events. Attributes as in
CloudEvents 1.0.2 with the extensions `sequence` and distributed tracing (`traceparent`), which goes out unaltered.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from cloudevents.core.bindings.kafka import to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from google.protobuf.timestamp_pb2 import Timestamp

from registry.api.v1.change_pb2 import Change
from registry.domain.nouns import PUBLIC_KINDS
from registry.relay.document import second, to_json
from registry.telemetry import attributes as names

CATALOGUE, ONBOARDING = "gemensam.catalogue.v1", "gemensam.onboarding.v1"
SOURCE = "urn:gemensam:registry"
SCHEMA = "urn:gemensam:proto:gemensam.registry.v1."
CONTENT_TYPE = "application/json"
_FORMAT = JSONFormat()


class Record(NamedTuple):
    """What Kafka gets. `value` is None for a tombstone.

    The headers are put together only when it is sent, so that a page that waits is few objects to the collector.
    """

    revision: int
    topic: str
    key: bytes
    value: bytes | None
    same: Sequence[tuple[str, bytes]]
    id: bytes
    time: bytes
    traceparent: bytes = b""

    @property
    def name(self) -> str:
        """The resource."""
        return self.key.decode()

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The attributes of the event."""
        found = [
            *self.same,
            ("ce_id", self.id),
            ("ce_subject", self.key),
            ("ce_time", self.time),
            ("ce_sequence", b"%d" % self.revision),
        ]
        if self.traceparent:
            found.append(("ce_traceparent", self.traceparent))
        return found

    @property
    def command(self) -> tuple[str, dict[str, str]]:
        """The traceparent of the change's command, and what a link to it says of this event."""
        said = {
            names.MESSAGING_DESTINATION: self.topic,
            names.EVENT_ID: self.id.decode(),
            names.EVENT_SUBJECT: self.name,
        }
        return self.traceparent.decode(), said

    @property
    def size(self) -> int:
        """Bytes, about as the broker counts them."""
        headers = sum(len(name) + len(value) + 4 for name, value in self.headers)
        return len(self.key) + len(self.value or b"") + headers + 64


def topic_of(kind: str) -> str:
    """The topic that changes of a kind go to: what not everybody may know goes to the restricted one."""
    return CATALOGUE if kind in PUBLIC_KINDS else ONBOARDING


def record(change: Change) -> Record:
    """The record of a change."""
    resource = getattr(change.resource, change.kind)
    value = to_json(resource).encode() if change.etag else None  # a deletion has no etag
    return Record(
        change.revision,
        topic_of(change.kind),
        change.name.encode(),
        value,
        _headers(change.event_type, resource.DESCRIPTOR.name),
        f"{change.generation}:{change.revision}".encode(),
        _time(change.time).encode(),
        change.traceparent.encode(),
    )


def _time(time: Timestamp) -> str:
    """To the microsecond, as the library writes it."""
    whole = second(time.seconds)
    return f"{whole}.{time.nanos // 1000:06}Z" if time.nanos else f"{whole}Z"


@lru_cache(maxsize=256)
def _headers(event_type: str, message: str) -> Sequence[tuple[str, bytes]]:
    """What is the same in every event of a type, as the library gives and checks it, once for each type."""
    varying = {"id": "-", "subject": "-", "time": datetime.now(UTC), "sequence": "-"}
    attributes: dict[str, object] = {
        "specversion": "1.0",
        "source": SOURCE,
        "type": event_type,
        "datacontenttype": CONTENT_TYPE,
        "dataschema": SCHEMA + message,
        **varying,
    }
    made = to_binary(CloudEvent(attributes), _FORMAT).headers
    return [(name, value) for name, value in made.items() if name.removeprefix("ce_") not in varying]
