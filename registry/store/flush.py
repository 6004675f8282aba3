"""Writing a batch: chain the staged changes, then a few statements for all of it."""

import time
from collections import defaultdict
from typing import Any

from sqlalchemy import bindparam, delete, insert, update

from registry.errors import Unavailable
from registry.store.batch import SPECS, OpenBatch, row_of
from registry.store.dialects import insert_missing, upsert
from registry.store.kinds import BY_MESSAGE, kind_of
from registry.store.ledger import CHANGES, HEAD, entry_hash
from registry.store.tables import OfferingCapabilityRow, PositionRow, RequestRow

MEMBERS: Any = OfferingCapabilityRow.__table__  # type: ignore[attr-defined]
POSITIONS: Any = PositionRow.__table__  # type: ignore[attr-defined]
REQUESTS: Any = RequestRow.__table__  # type: ignore[attr-defined]


def flush(batch: OpenBatch, head: Any, requests: list[dict[str, Any]]) -> None:
    """Write everything staged into the open transaction, and move the head."""
    engine, connection = batch.connection.engine, batch.connection
    if batch.specs:
        connection.execute(insert_missing(engine, SPECS), list(batch.specs.values()))
    _resources(batch)
    for name, (epoch, revision) in batch.advances.items():
        move = update(POSITIONS).where(POSITIONS.c.name == name, POSITIONS.c.epoch == epoch).values(revision=revision)
        if connection.execute(move).rowcount != 1:
            message = f"The lease {name!r} has passed to another owner."
            raise Unavailable("STORE_UNAVAILABLE", message, retry_after_ms=1000)
    if requests:
        connection.execute(insert(REQUESTS), [{**row, "time_us": time.time_ns() // 1000} for row in requests])
    if batch.changes:
        _chain(batch.changes, head.hash)
        connection.execute(insert(CHANGES), batch.changes)
        connection.execute(update(HEAD).values(revision=batch.revision, hash=batch.changes[-1]["hash"]))


def _chain(changes: list[dict[str, Any]], previous: str) -> None:
    for entry in changes:
        entry["previous_hash"] = previous
        previous = entry["hash"] = entry_hash(entry)


def _resources(batch: OpenBatch) -> None:
    puts: dict[str, list[Any]] = defaultdict(list)
    gone: dict[str, list[str]] = defaultdict(list)
    for name, message in batch.staged.items():
        if message is None:
            kind = kind_of(name)
            gone[kind.noun if kind else ""].append(name)
        else:
            puts[BY_MESSAGE[type(message)].noun].append(message)
    engine, connection = batch.connection.engine, batch.connection
    for messages in puts.values():
        kind = BY_MESSAGE[type(messages[0])]
        connection.execute(upsert(engine, kind.table), [row_of(kind, message) for message in messages])
    for names in gone.values():
        table = BY_MESSAGE[_message_of(names[0])].table
        connection.execute(delete(table).where(table.c.name == bindparam("n")), [{"n": name} for name in names])
    if offerings := puts.get("offering"):
        _capabilities(connection, offerings)


def _capabilities(connection: Any, offerings: list[Any]) -> None:
    forget = delete(MEMBERS).where(MEMBERS.c.offering == bindparam("o"))
    connection.execute(forget, [{"o": offering.name} for offering in offerings])
    rows = [
        {"capability": capability, "offering": offering.name}
        for offering in offerings
        for capability in dict.fromkeys(offering.capabilities)
    ]
    if rows:
        connection.execute(insert(MEMBERS), rows)


def _message_of(name: str) -> Any:
    kind = kind_of(name)
    assert kind is not None  # staged names were formed by the rules
    return kind.message
