"""A change as a Kafka record: CloudEvents 1.0 in binary mode, the snapshot as proto3 JSON.

The same change gives the same bytes, always: a topic that is written again has the same events. Attributes as in
CloudEvents 1.0.2 with the extensions `sequence` and distributed tracing (`traceparent`), which goes out unaltered.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from cloudevents.core.bindings.kafka import to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from registry.domain.nouns import NOUNS, PUBLIC_KINDS
from registry.domain.offering import is_public
from registry.relay.document import Write, second, writer
from registry.store import Entry
from registry.telemetry import attributes as names

CATALOGUE, ONBOARDING = "gemensam.catalogue.v1", "gemensam.onboarding.v1"
SOURCE = "urn:gemensam:registry"
SCHEMA = "urn:gemensam:proto:gemensam.registry.v1."
CONTENT_TYPE = "application/json"
_FORMAT = JSONFormat()


class Record(NamedTuple):
    """What Kafka gets of a resource, by its name. `value` is None for a tombstone.

    The headers are put together only when it is sent, so that a page that waits is few objects to the collector.
    """

    revision: int
    topic: str
    name: str
    key: bytes
    value: bytes | None
    same: Sequence[tuple[str, bytes]]
    id: bytes
    time: bytes
    traceparent: bytes = b""

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


def record(entry: Entry, generation: str, *, restricted: bool = False) -> Record:
    """The record of a change that a store of the generation holds.

    `restricted`: not everybody may know of it; nor may they of an offering that was not public then.
    """
    revision, time_us, event_type, kind, name, document, etag, trace = entry
    topic, message, read, write = _noun(kind)
    resource = read(document)
    if restricted or (kind == "offering" and not is_public(resource)):
        topic = ONBOARDING
    return Record(
        revision,
        topic,
        name,
        name.encode(),
        write(resource).encode() if etag else None,  # a deletion has no etag
        _headers(event_type, message),
        f"{generation}:{revision}".encode(),
        _time(time_us),
        trace.encode(),
    )


@cache
def _noun(kind: str) -> tuple[str, str, Callable[[bytes], Any], Write]:
    """Topic and type of message of a kind, how its documents are read, and how they are written."""
    message = NOUNS[kind].kind
    return topic_of(kind), message.DESCRIPTOR.name, message.FromString, writer(message.DESCRIPTOR)


@lru_cache(maxsize=1024)
def _time(time_us: int) -> bytes:
    """To the microsecond, as the library writes it. Kept, because the changes of a command have the same."""
    seconds, micros = divmod(time_us, 1_000_000)
    return (f"{second(seconds)}.{micros:06}Z" if micros else f"{second(seconds)}Z").encode()


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
