"""Writing a batch: chain the staged changes, then a few statements for all of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, tuple_, update

from registry.api.v1.offering_pb2 import Visibility
from registry.domain.names import kind_of as noun_of
from registry.errors import Unavailable
from registry.store import rows, texts
from registry.store.access_tables import OfferingReaderRow
from registry.store.batch import SPECS, OpenBatch
from registry.store.dialects import insert, insert_missing, text, upsert
from registry.store.kinds import KINDS
from registry.store.ledger import CHANGES, HEAD, entry_hash
from registry.store.refusals import REFUSALS, USES, forget
from registry.store.tables import OfferingCapabilityRow, ParkedRow, PositionRow, RequestRow

MEMBERS: Any = OfferingCapabilityRow.__table__  # type: ignore[attr-defined]
POSITIONS: Any = PositionRow.__table__  # type: ignore[attr-defined]
PARKED: Any = ParkedRow.__table__  # type: ignore[attr-defined]
REQUESTS: Any = RequestRow.__table__  # type: ignore[attr-defined]
READERS: Any = OfferingReaderRow.__table__  # type: ignore[attr-defined]
NOTED: Mapping[str, Any] = {"key_uses": USES, "refusals": REFUSALS}
_ADVANCE = (
    update(POSITIONS)
    .where(POSITIONS.c.name == bindparam("reader"), POSITIONS.c.epoch == bindparam("held"))
    .values(revision=bindparam("to"))
)
_MOVE_HEAD = update(HEAD).values(revision=bindparam("to"), hash=bindparam("newest"))
ANSWERS_KEPT_US = 24 * 3600 * 1_000_000
_OLD = select(REQUESTS.c.actor, REQUESTS.c.request_id).where(REQUESTS.c.time_us < bindparam("before"))
_FORGET = delete(REQUESTS).where(
    tuple_(REQUESTS.c.actor, REQUESTS.c.request_id).in_(_OLD.order_by(REQUESTS.c.time_us).limit(bindparam("most")))
)


def flush(batch: OpenBatch, head: Any, requests: list[dict[str, Any]]) -> None:
    """Write everything staged into the open transaction, and move the head."""
    connection = batch.connection
    if batch.specs:
        rows.write(connection, SPECS, list(batch.specs.values()), insert_missing)
    _resources(batch)
    for name, (epoch, revision) in batch.advances.items():
        if connection.execute(_ADVANCE, {"reader": name, "held": epoch, "to": revision}).rowcount != 1:
            message = f"The lease {name!r} has passed to another owner."
            raise Unavailable("STORE_UNAVAILABLE", message, retry_after_ms=1000)
    if batch.parked:
        _parked(batch)
    for table, noted in batch.noted.items():
        rows.write(connection, NOTED[table], list(noted.values()), upsert)
        if table == "refusals":
            forget(connection, batch.now_us)
    if requests:
        rows.write(connection, REQUESTS, [{**row, "time_us": batch.now_us} for row in requests], insert)
    if batch.changes:
        _chain(batch.changes, head.hash)
        rows.write(connection, CHANGES, batch.changes, insert)
        newest = (batch.revision, batch.changes[-1]["hash"])
        connection.exec_driver_sql(text(connection.dialect.name, _MOVE_HEAD), newest)


def forget_answers(connection: Connection, now_us: int, most: int) -> None:
    """Drop answers that were kept for long enough, the oldest first."""
    connection.execute(_FORGET, {"before": now_us - ANSWERS_KEPT_US, "most": most})


def _parked(batch: OpenBatch) -> None:
    kept = [row for row in batch.parked.values() if row["revision"]]
    if kept:
        rows.write(batch.connection, PARKED, kept, upsert)
    if gone := [name for name, row in batch.parked.items() if not row["revision"]]:
        rows.remove(batch.connection, PARKED, "name", gone)


def _chain(changes: list[dict[str, Any]], previous: str) -> None:
    for entry in changes:
        entry["previous_hash"] = previous
        previous = entry["hash"] = entry_hash(entry)


def _resources(batch: OpenBatch) -> None:
    puts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    gone: dict[str, list[str]] = defaultdict(list)
    for name, staged in batch.staged.items():
        if staged is None:
            gone[noun_of(name)].append(name)
        else:
            puts[staged.kind.noun].append(staged.row)
    for noun, new in puts.items():
        rows.write(batch.connection, KINDS[noun].table, new, upsert)
    for noun, names in gone.items():
        rows.remove(batch.connection, KINDS[noun].table, "name", names)
        if noun in texts.TEXTS_OF:
            texts.remove(batch.connection, names)
    for noun in texts.TEXTS_OF.keys() & puts.keys():
        messages = [KINDS[noun].message.FromString(row["document"]) for row in puts[noun]]
        texts.write(batch.connection, batch.known, noun, messages)
        if noun == "offering":
            _capabilities(batch, messages)
            _readers(batch, messages)


def _capabilities(batch: OpenBatch, offerings: Sequence[Any]) -> None:
    """The capabilities of the new versions, in the place of those before."""
    rows.remove(batch.connection, MEMBERS, "offering", [m.name for m in offerings if not batch.known.absent(m.name)])
    members = [{"capability": c, "offering": m.name} for m in offerings for c in dict.fromkeys(m.capabilities)]
    rows.write(batch.connection, MEMBERS, members, insert)


def _readers(batch: OpenBatch, offerings: Sequence[Any]) -> None:
    """Who sees the new versions, where they are restricted, in the place of who saw those before."""
    rows.remove(batch.connection, READERS, "offering", [m.name for m in offerings if not batch.known.absent(m.name)])
    restricted = [m for m in offerings if m.visibility == Visibility.VISIBILITY_RESTRICTED]
    readers = [{"reader": each, "offering": m.name} for m in restricted for each in dict.fromkeys(m.visible_to)]
    rows.write(batch.connection, READERS, readers, insert)
