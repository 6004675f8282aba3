"""A record of the topics as an event: what cannot be read is told as such, and never stops what comes after it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog
from google.protobuf.json_format import Parse, ParseError

from registry.api.v1.resource_pb2 import Resource
from subscribers.events import Changed, Unread

KINDS = frozenset({"offering", "release", "subscription"})
_REVISION = re.compile(r"[0-9]{1,18}")  # a 64-bit number, here and in the mirror
_TYPE = "se.gemensam.registry."
HIDDEN = "hidden.v1"  # gone from the public topic; what it is now stands in the restricted one, which is followed too
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and the generation of the registry that it is of."""

    generation: str
    event: Changed | Unread


def read(record: Any) -> Told | None:
    """What the record tells; None for what is of no concern here, or is no event of the registry at all."""
    headers: Mapping[str, bytes] = dict(record.headers)
    try:
        kind, _, verb = headers.get("ce_type", b"").decode().removeprefix(_TYPE).partition(".")
        if kind not in KINDS or (record.value is None and verb == HIDDEN):
            return None
        generation, _, revision = headers["ce_id"].decode().rpartition(":")
        number = int(_REVISION.fullmatch(revision)[0])  # type: ignore[index]
        name, traceparent = record.key.decode(), headers.get("ce_traceparent", b"").decode()
    except (KeyError, ValueError, TypeError, AttributeError):  # no id, no key, no text
        log.warning("source.foreign_record", topic=record.topic, partition=record.partition, offset=record.offset)
        return None
    return Told(generation, parsed(Unread(kind, name, number, record.value, traceparent)))


def parsed(unread: Unread) -> Changed | Unread:
    """The change, when this program can read its value; else the same with the reason."""
    kind, name, revision, value = unread.kind, unread.name, unread.revision, unread.value
    if value is None:
        return Changed(kind, name, revision, None, unread.traceparent)
    message = getattr(Resource(), kind)
    try:
        Parse(value, message, ignore_unknown_fields=True)
        reason = "" if message.name == name else f"it is the document of {message.name[:200]!r}"
    except (ParseError, ValueError, RecursionError) as error:
        reason = str(error)[:500] or type(error).__name__
    if reason:
        log.warning("source.unreadable", name=name, revision=revision, reason=reason)
        return replace(unread, reason=reason)
    system = message.system if kind == "subscription" else ""
    return Changed(kind, name, revision, message.SerializeToString(), unread.traceparent, system)
