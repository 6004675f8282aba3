"""What this subscriber knows of the registry, in a local SQLite file: a mirror and the position that it stands for.

Both move in one transaction, so a killed runner goes on where it was. Nothing here is a record of work done: work
follows from comparing the mirror with the target, and can be done again.
"""

import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from subscribers.events import Changed, Consumed, Event, Position, Reached, SnapshotEnd, SnapshotStart, Unread

VERSION = 4
BUSY_SECONDS = 5.0
_SELECT = "SELECT name, revision, document, traceparent FROM mirror WHERE document NOT NULL"
# A document that is NULL is a deletion: its revision is kept, so that an older event cannot bring the resource back.
# A snapshot is gathered in `incoming` and takes the mirror's place when it is whole, so a half one is never seen.
_RESOURCE = """(
  name TEXT PRIMARY KEY, kind TEXT NOT NULL, system TEXT NOT NULL, revision INTEGER NOT NULL, document BLOB,
  traceparent TEXT NOT NULL
)"""
_TABLES = (
    "DROP TABLE IF EXISTS position",
    "DROP TABLE IF EXISTS mirror",
    "DROP TABLE IF EXISTS incoming",
    "DROP TABLE IF EXISTS consumed",
    "DROP TABLE IF EXISTS unread",
    "CREATE TABLE position (generation TEXT NOT NULL, revision INTEGER NOT NULL)",
    "INSERT INTO position VALUES ('', 0)",
    f"CREATE TABLE mirror {_RESOURCE}",
    f"CREATE TABLE incoming {_RESOURCE}",
    "CREATE TABLE consumed (topic TEXT, part INTEGER, next INTEGER, time REAL, PRIMARY KEY (topic, part))",
    """CREATE TABLE unread (
      kind TEXT NOT NULL, name TEXT PRIMARY KEY, revision INTEGER NOT NULL, value BLOB, traceparent TEXT NOT NULL,
      reason TEXT NOT NULL
    )""",
    "CREATE INDEX mirror_system ON mirror (kind, system, name)",
)


@dataclass(frozen=True, slots=True)
class Known:
    """A mirrored resource."""

    name: str
    revision: int
    document: bytes
    traceparent: str


class State:
    """The mirror. The source writes on one thread while the work reads on another.

    With `looking`, tables of another version are not touched. Errors: ValueError that says what to do.
    """

    def __init__(self, path: Path | str, *, looking: bool = False) -> None:
        self._lock = threading.RLock()
        self._in_snapshot = False
        try:
            if isinstance(path, Path):
                path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._migrate(path, looking=looking)
        except (sqlite3.Error, OSError) as error:
            words = f"{path} cannot be used: {error}. It holds only a copy: when it is damaged, remove it."
            raise ValueError(words) from error

    @property
    def whole(self) -> bool:
        """Whether the mirror stands for a position: not before the first snapshot is whole."""
        return bool(self.position().generation)

    def position(self) -> Position:
        """How far the mirror has come."""
        with self._lock:
            row = self._database.execute("SELECT generation, revision FROM position").fetchone()
        return Position(row[0], row[1])

    def consumed(self, seconds: float) -> dict[tuple[str, int], int]:
        """The offset to go on from by topic and partition; none when nothing was consumed for so many seconds."""
        with self._lock:
            rows = self._database.execute("SELECT topic, part, next, time FROM consumed").fetchall()
        newest = max((row[3] for row in rows), default=0.0)
        return {(row[0], row[1]): row[2] for row in rows} if newest > time.time() - seconds else {}

    def unread(self) -> list[Unread]:
        """What was set aside because it could not be read, in name order."""
        with self._lock:
            rows = self._database.execute("SELECT * FROM unread ORDER BY name").fetchall()
        return [Unread(*row) for row in rows]

    def resume(self) -> Position:
        """Where to go on from; what a snapshot had brought before it was cut is dropped. Errors: sqlite3.Error."""
        with self._lock:
            self._in_snapshot = False
            return self.position()

    def take(self, events: Sequence[Event]) -> list[Changed]:
        """Bring events into the mirror in one transaction; returns the changes that were news.

        A change that is not newer than what is known is left out. What a snapshot does not hold goes when it is whole;
        one that is cut half-way leaves mirror and position where they were, and is asked for again.
        Errors: sqlite3.Error; then nothing was taken.
        """
        with self._lock:
            before = self._in_snapshot
            try:
                with self._transaction():
                    return [event for event in events if self._take(event) and isinstance(event, Changed)]
            except BaseException:
                self._in_snapshot = before
                raise

    @contextmanager
    def still(self) -> Iterator[None]:
        """While the block lasts, nothing is taken: what it reads belongs together."""
        with self._lock:
            yield

    def of(self, kind: str, systems: Collection[str]) -> list[Known]:
        """Mirrored resources of a kind that belong to the systems, in name order."""
        marks = ", ".join("?" * len(systems))
        return self._known(f"{_SELECT} AND kind = ? AND system IN ({marks}) ORDER BY name", kind, *systems)

    def below(self, kind: str, parent: str) -> list[Known]:
        """Mirrored resources of a kind whose names begin with the parent's, in name order."""
        query = (
            f"{_SELECT} AND +kind = ? AND name >= ? AND name < ? ORDER BY name"  # + : by name, of which there are few
        )
        return self._known(query, kind, f"{parent}/", f"{parent}0")  # '0' follows '/'

    def get(self, name: str) -> Known | None:
        """A mirrored resource."""
        return next(iter(self._known(f"{_SELECT} AND name = ?", name)), None)

    def newest(self, name: str) -> int:
        """Revision of the newest change of a resource or of any below it, deletions too; 0 for none."""
        query = "SELECT coalesce(max(revision), 0) FROM mirror WHERE name = ? OR (name >= ? AND name < ?)"
        with self._lock:
            return int(self._database.execute(query, (name, f"{name}/", f"{name}0")).fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _take(self, event: Event) -> bool:
        match event:
            case SnapshotStart():
                self._in_snapshot = True
                self._run("DELETE FROM incoming")
            case SnapshotEnd():
                self._in_snapshot = False
                self._run("DELETE FROM mirror")
                self._run("INSERT INTO mirror SELECT * FROM incoming")
                self._run("DELETE FROM incoming")
                self._run("DELETE FROM unread")
            case Changed():
                return self._changed(event)
            case Unread():
                self._set_aside(event)
            case Reached(position) if not self._in_snapshot:
                self._run("UPDATE position SET generation = ?, revision = ?", position.generation, position.revision)
            case Consumed(topic, partition, following) if not self._in_snapshot:
                values = (topic, partition, following, time.time())
                self._run("INSERT OR REPLACE INTO consumed VALUES (?, ?, ?, ?)", *values)
        return False

    def _changed(self, event: Changed) -> bool:
        values = (event.name, event.kind, event.system, event.revision, event.document, event.traceparent)
        if self._in_snapshot:
            self._run("INSERT OR REPLACE INTO incoming VALUES (?, ?, ?, ?, ?, ?)", *values)
            return False
        if event.revision <= self._revision("mirror", event.name):
            return False
        self._run("INSERT OR REPLACE INTO mirror VALUES (?, ?, ?, ?, ?, ?)", *values)
        self._run("DELETE FROM unread WHERE name = ? AND revision <= ?", event.name, event.revision)
        return True

    def _set_aside(self, event: Unread) -> None:
        """The newest of each name, as long as nothing newer is known."""
        if event.revision > max(self._revision("mirror", event.name), self._revision("unread", event.name)):
            values = (event.kind, event.name, event.revision, event.value, event.traceparent, event.reason)
            self._run("INSERT OR REPLACE INTO unread VALUES (?, ?, ?, ?, ?, ?)", *values)

    def _revision(self, table: str, name: str) -> int:
        row = self._database.execute(f"SELECT revision FROM {table} WHERE name = ?", (name,)).fetchone()  # noqa: S608
        return int(row[0]) if row else 0

    def _known(self, query: str, *values: object) -> list[Known]:
        with self._lock:
            return [Known(*row) for row in self._database.execute(query, values).fetchall()]

    def _run(self, statement: str, *values: object) -> None:
        self._database.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _migrate(self, path: Path | str, *, looking: bool) -> None:
        """Tables of another version are thrown away: the mirror is a copy, and is asked for again."""
        version = int(self._database.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise ValueError(
                f"{path} was written by a newer program (version {version}): use that, or remove the file."
            )
        if version < VERSION and looking:
            raise ValueError(f"{path} was written by an older program.")
        if version < VERSION:
            with self._transaction():
                for statement in _TABLES:
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA user_version = {VERSION}")
