"""An entry of the ledger as the chain hashes it, told from the message that feeds carry."""

import hashlib
from typing import Any

from registry.api.v1.change_pb2 import Change


def entry_hash(change: Change) -> str:
    """SHA-256 over the entry's thirteen values in the order of the table, each as `length:bytes`; hexadecimal.

    The document is the resource, serialised with map keys in order. One that has fields which this program does not
    know may be serialised otherwise than it was hashed.
    """
    document: Any = getattr(change.resource, change.kind)
    micros = change.time.ToMicroseconds()
    values = (
        *(change.revision, change.batch_end_revision, micros, change.event_type, change.kind, change.name),
        document.SerializeToString(deterministic=True),
        *(change.etag, change.actor, change.on_behalf_of, change.request_id, change.traceparent, change.previous_hash),
    )
    parts: list[bytes] = []
    for value in values:
        data = value if isinstance(value, bytes) else str(value).encode()
        parts += (b"%d:" % len(data), data)
    return hashlib.sha256(b"".join(parts)).hexdigest()
