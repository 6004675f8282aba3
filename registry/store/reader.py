"""Reading: every answer comes from one snapshot at one revision."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from registry.api.v1.change_pb2 import Change
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import ConvergencePhase, SubscriptionState
from registry.domain.authority import EVERYTHING, Sight
from registry.domain.filter import And, Comparison, Node
from registry.domain.shown import Known, current, shows
from registry.domain.subscription import LIVE, OVER
from registry.store import Entry, Found, Head, Page, Parked, Query, Reading, Search, refusals, rows
from registry.store.batch import SPECS
from registry.store.filters import condition
from registry.store.flush import PARKED, POSITIONS
from registry.store.kinds import KINDS, kind_of, micros
from registry.store.ledger import CHANGES, as_stored, from_revision, head, to_change
from registry.store.nearby import Nearby
from registry.store.paging import page
from registry.store.search import found
from registry.store.sight import OPEN_TO_ALL, document, is_filtered, shown_to

SNAPSHOT_PAGE = 500
SUBSCRIPTIONS, ORGANISATIONS = KINDS["subscription"].table, KINDS["organisation"].table
OFFERINGS = KINDS["offering"].table
_EXISTS = Comparison("valid_to", "=", "", 0)


@dataclass(frozen=True, slots=True)
class ConvergenceRow:
    """What is counted of a subscription. `onboard_millis`: publication to proven; None until then."""

    name: str
    organisation: str
    state: SubscriptionState
    phase: ConvergencePhase
    observed_release: str
    onboard_millis: int | None
    report_time_us: int
    document: bytes


@dataclass(frozen=True, slots=True)
class BodyRow:
    """By what an organisation is counted. A size of 0 is not known."""

    name: str
    kind: int
    county_code: str
    inhabitants: int
    employees: float


class Snapshot:
    """A view of one open read transaction, as far as it is shown."""

    def __init__(self, connection: Connection, sight: Sight = EVERYTHING) -> None:
        self._connection, self.sight = connection, sight
        self._head = head(connection)
        self._nearby = Nearby(connection)
        self.revision: int = self._head.revision
        self.generation: str = self._head.generation

    def head(self) -> Head:
        """How far the ledger has come in this snapshot."""
        row = self._head
        return Head(row.revision, row.generation, row.floor, row.hash)

    def get(self, name: str) -> bytes | None:
        """The serialised document, or None."""
        kind = kind_of(name)
        if kind is not None and is_filtered(self.sight, kind.noun):
            return document(self._connection, self.sight, kind.noun, name)
        found = rows.documents(self._connection, kind.table, [name]) if kind else ()
        return next((document for _, document in found), None)

    def shows_any(self, noun: str, names: Collection[str]) -> bool:
        """Whether one of the named resources of a kind is there and shown."""
        name, shown = KINDS[noun].table.c.name, shown_to(self.sight, noun)
        for part in rows.parts(sorted(names), SNAPSHOT_PAGE):
            query = select(name).where(name.in_(part)).limit(1)
            if self._connection.execute(query if shown is None else query.where(shown)).first():
                return True
        return False

    def page(self, query: Query) -> Page:
        """A page by keyset."""
        return page(self._connection, query, self.sight)

    def search(self, search: Search) -> Found:
        """The offerings that answer a text, a page of them."""
        return found(self._connection, search, self.sight)

    def nearby(self, title: str) -> Sequence[str]:
        """Names of offerings that share words with a title."""
        return self._nearby.names(title)

    def changes(self, start: int, limit: int, kinds: Sequence[str] = (), name_prefix: str = "") -> list[Change]:
        """Ledger entries from `start`, by revision."""
        found: list[Change] = []
        while len(found) < limit:
            page = self._changes(start, limit, kinds, name_prefix)
            found += [change for change in page if self._shows(change)]
            if self.sight.everything or len(page) < limit:
                break
            start = page[-1].revision + 1
        return found[:limit]

    def _shows(self, change: Change) -> bool:
        """Whether the resource, as it is now, is shown: what is hidden today has no history."""
        return self.sight.everything or shows(self.sight, current(change, self._known), self._known)

    @cached_property
    def _known(self) -> Known:
        @lru_cache(maxsize=SNAPSHOT_PAGE)
        def offering(name: str) -> Offering | None:
            document = next(iter(rows.documents(self._connection, OFFERINGS, [name])), None)
            return Offering.FromString(document[1]) if document else None

        @lru_cache(maxsize=SNAPSHOT_PAGE)
        def involved(name: str) -> bool:
            return self.get(name) is not None

        return Known(offering, involved)

    def _changes(self, start: int, limit: int, kinds: Sequence[str], name_prefix: str) -> list[Change]:
        if not name_prefix:
            found = from_revision(self._connection, start, limit, kinds)
            return [to_change(row, self.generation) for row in found]
        query = select(CHANGES).where(CHANGES.c.revision >= start).order_by(CHANGES.c.revision).limit(limit)
        query = query.where(CHANGES.c.name.startswith(name_prefix, autoescape=True))
        if kinds:
            query = query.where(CHANGES.c.kind.in_(list(kinds)))
        return [to_change(row, self.generation) for row in self._connection.execute(query)]

    def entries(self, start: int, limit: int, name: str = "") -> list[Entry]:
        """Ledger entries from `start` as they are stored, by revision; of one resource with `name`."""
        return as_stored(self._connection, start, limit, name)

    def latest(self, below: int, floor: int, kinds: Collection[str]) -> list[Change]:
        """Ledger entries of the kinds from `floor` up to below a revision, the newest first."""
        query = select(CHANGES).where(CHANGES.c.revision >= floor, CHANGES.c.revision < below)
        query = query.where(CHANGES.c.kind.in_(sorted(kinds))).order_by(CHANGES.c.revision.desc())
        return [to_change(row, self.generation) for row in self._connection.execute(query)]

    def before(self, name: str, revision: int) -> bytes | None:
        """The document in the newest ledger entry of the name below the revision; None when none is kept."""
        older = select(CHANGES.c.document).where(CHANGES.c.name == name, CHANGES.c.revision < revision)
        found: bytes | None = self._connection.execute(older.order_by(CHANGES.c.revision.desc()).limit(1)).scalar()
        return found

    def hidden(self) -> frozenset[str]:
        """Names of the offerings that not everybody may know of."""
        query = select(OFFERINGS.c.name).where(OFFERINGS.c.visibility.not_in(OPEN_TO_ALL))
        return frozenset(self._connection.execute(query).scalars())

    def parked(self) -> list[Parked]:
        """Resources whose events are held back, by name."""
        found = self._connection.execute(select(PARKED).order_by(PARKED.c.name))
        return [Parked(row.name, row.revision, row.reason, row.released, row.time_us) for row in found]

    def reading(self, name: str) -> Reading | None:
        """Who leads a reader of the ledger, and how far it has come; None for one that never was."""
        row = self._connection.execute(select(POSITIONS).where(POSITIONS.c.name == name)).one_or_none()
        return Reading(row.revision, row.owner, row.epoch, row.expires_us) if row else None

    def spec(self, sha256: str) -> tuple[str, bytes] | None:
        """Media type and content of a contract."""
        row = self._connection.execute(select(SPECS).where(SPECS.c.sha256 == sha256)).one_or_none()
        return (row.media_type, row.content) if row else None

    def key_uses(self, names: Sequence[str]) -> dict[str, int]:
        """When keys were last used, in microseconds since 1970."""
        return refusals.key_uses(self._connection, names)

    def refusals(self, size: int, token: str) -> tuple[list[Any], str]:
        """What was refused, the newest first."""
        return refusals.page(self._connection, size, token)

    def convergence(self, offering: str) -> list[ConvergenceRow]:
        """One row for each subscription of the offering that is not over, by name."""
        table, releases = SUBSCRIPTIONS, KINDS["release"].table
        found = self._connection.execute(select(releases.c.document).where(releases.c.parent == offering))
        published = {r.name: micros(r.publish_time) for r in map(Release.FromString, found.scalars())}
        query = select(table).where(table.c.offering == offering, table.c.state.not_in(OVER)).order_by(table.c.name)
        return [_convergence(row, published) for row in self._connection.execute(query)]

    def whereabouts(self) -> Sequence[Any]:
        """Where every subscription is that is not over."""
        table = SUBSCRIPTIONS.c
        columns = (table.name, table.offering, table.state, table.phase, table.observed_release, table.report_time_us)
        return self._connection.execute(select(*columns).where(table.state.not_in(OVER))).all()

    def reported(self, names: Sequence[str]) -> list[ConvergenceRow]:
        """What is counted of the named subscriptions that there are."""
        query = select(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.name.in_(names))
        return [_convergence(row, {}) for row in self._connection.execute(query)]

    def history(self, name: str, limit: int) -> list[Change]:
        """Ledger entries of one resource, the newest first."""
        query = select(CHANGES).where(CHANGES.c.name == name).order_by(CHANGES.c.revision.desc()).limit(limit)
        return [to_change(row, self.generation) for row in self._connection.execute(query)]

    def bodies(self, offering: str, party_class: Node | None) -> list[BodyRow]:
        """The organisations of a class that have no last day; without a class, those with a live subscription."""
        live = select(SUBSCRIPTIONS.c.parent).where(SUBSCRIPTIONS.c.offering == offering)
        if party_class is None:
            wanted: ColumnElement[bool] = ORGANISATIONS.c.name.in_(live.where(SUBSCRIPTIONS.c.state.in_(LIVE)))
        else:
            wanted = condition(KINDS["organisation"], And((party_class, _EXISTS)))
        columns = (ORGANISATIONS.c[each.name] for each in fields(BodyRow))
        found = self._connection.execute(select(*columns).where(wanted).order_by(ORGANISATIONS.c.name))
        return [BodyRow(*row) for row in found]

    def documents(self, kinds: Sequence[str]) -> Iterator[list[tuple[str, str, bytes]]]:
        """Every resource as (kind, name, document), in pages, kind by kind in name order."""
        for kind in (KINDS[noun] for noun in KINDS if not kinds or noun in kinds):
            last, columns = "", (kind.table.c.name, kind.table.c.document)
            while True:
                query = select(*columns).where(columns[0] > last).order_by(columns[0]).limit(SNAPSHOT_PAGE)
                if (shown := shown_to(self.sight, kind.noun)) is not None:
                    query = query.where(shown)
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
    return ConvergenceRow(
        row.name, row.parent, row.state, row.phase, row.observed_release, millis, row.report_time_us, row.document
    )
