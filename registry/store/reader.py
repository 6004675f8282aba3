"""Reading: every answer comes from one snapshot at one revision."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from registry.api.v1.change_pb2 import Change
from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import ConvergencePhase, SubscriptionState
from registry.store import Head, Page, Query
from registry.store.batch import SPECS
from registry.store.kinds import KINDS, kind_of, micros
from registry.store.ledger import CHANGES, head, to_change
from registry.store.paging import page

LIVE = (
    SubscriptionState.SUBSCRIPTION_STATE_APPROVED,
    SubscriptionState.SUBSCRIPTION_STATE_PROVISIONING,
    SubscriptionState.SUBSCRIPTION_STATE_ACTIVE,
    SubscriptionState.SUBSCRIPTION_STATE_DEGRADED,
    SubscriptionState.SUBSCRIPTION_STATE_ENDING,
)
SNAPSHOT_PAGE = 500


@dataclass(frozen=True, slots=True)
class ConvergenceRow:
    """What is counted of a live subscription. `onboard_millis`: publication to proven; None until then."""

    name: str
    state: SubscriptionState
    phase: ConvergencePhase
    observed_release: str
    onboard_millis: int | None
    report_time_us: int


class Snapshot:
    """A view of one open read transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._head = head(connection)
        self.revision: int = self._head.revision
        self.generation: str = self._head.generation

    def head(self) -> Head:
        """How far the ledger has come in this snapshot."""
        row = self._head
        return Head(row.revision, row.generation, row.floor, row.hash)

    def get(self, name: str) -> bytes | None:
        """The serialised document, or None."""
        kind = kind_of(name)
        if kind is None:
            return None
        query = select(kind.table.c.document).where(kind.table.c.name == name)
        document: bytes | None = self._connection.execute(query).scalar()
        return document

    def page(self, query: Query) -> Page:
        """A page by keyset."""
        return page(self._connection, query)

    def changes(self, start: int, limit: int, kinds: Sequence[str] = (), name_prefix: str = "") -> list[Change]:
        """Ledger entries from `start`, by revision."""
        query = select(CHANGES).where(CHANGES.c.revision >= start).order_by(CHANGES.c.revision).limit(limit)
        if kinds:
            query = query.where(CHANGES.c.kind.in_(list(kinds)))
        if name_prefix:
            query = query.where(CHANGES.c.name.startswith(name_prefix, autoescape=True))
        return [to_change(row, self.generation) for row in self._connection.execute(query)]

    def spec(self, sha256: str) -> tuple[str, bytes] | None:
        """Media type and content of a contract."""
        row = self._connection.execute(select(SPECS).where(SPECS.c.sha256 == sha256)).one_or_none()
        return (row.media_type, row.content) if row else None

    def convergence(self, offering: str) -> list[ConvergenceRow]:
        """One row for each live subscription of the offering."""
        table, releases = KINDS["subscription"].table, KINDS["release"].table
        found = self._connection.execute(select(releases.c.document).where(releases.c.parent == offering))
        published = {r.name: micros(r.publish_time) for r in map(Release.FromString, found.scalars())}
        query = select(table).where(table.c.offering == offering, table.c.state.in_(LIVE)).order_by(table.c.name)
        return [_convergence(row, published) for row in self._connection.execute(query)]

    def documents(self, kinds: Sequence[str]) -> Iterator[list[tuple[str, str, bytes]]]:
        """Every resource as (kind, name, document), in pages, kind by kind in name order."""
        for kind in (KINDS[noun] for noun in KINDS if not kinds or noun in kinds):
            last, columns = "", (kind.table.c.name, kind.table.c.document)
            while True:
                query = select(*columns).where(columns[0] > last).order_by(columns[0]).limit(SNAPSHOT_PAGE)
                rows = self._connection.execute(query).all()
                if rows:
                    yield [(kind.noun, row[0], row[1]) for row in rows]
                if len(rows) < SNAPSHOT_PAGE:
                    break
                last = rows[-1][0]


def _convergence(row: Any, published: dict[str, int]) -> ConvergenceRow:
    start = max(published.get(row.observed_release, 0), row.create_time_us)
    proven = row.proven_time_us
    millis = max(0, proven - start) // 1000 if proven else None
    return ConvergenceRow(row.name, row.state, row.phase, row.observed_release, millis, row.report_time_us)
