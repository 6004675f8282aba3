"""What an endpoint was told last of each subscription, and whether it acknowledged it: one small SQLite file."""

import contextlib
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from subscribers.adapter import AdapterError

BUSY_SECONDS = 5.0
REMEMBERED = 1000  # of those that have left, for a replay
Make = Callable[[str, str, int], tuple[str, bytes]]
_TABLES = """
CREATE TABLE IF NOT EXISTS endpoint (
  one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL, url TEXT NOT NULL, confirmed TEXT NOT NULL,
  number INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS message (
  key TEXT PRIMARY KEY, number INTEGER NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, content TEXT NOT NULL,
  acknowledged INTEGER NOT NULL
);
"""
_COLUMNS = "key, number, id, body, content, acknowledged"
_FORGET = """DELETE FROM message WHERE content = '' AND acknowledged AND number NOT IN (
  SELECT number FROM message WHERE content = '' ORDER BY number DESC LIMIT ?)"""


@dataclass(frozen=True, slots=True)
class Message:
    """`body` is what is sent, to the byte, each time; `content` is '' when the service has left."""

    key: str
    number: int
    name: str
    body: bytes
    content: str
    acknowledged: bool


class Journal:
    """`name` tells this journal from all others, so that no id comes twice.

    Errors: OSError when it cannot be opened; later on AdapterError.
    """

    def __init__(self, path: Path, url: str) -> None:
        self._lock, self._url = threading.RLock(), url
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_TABLES)
            first = (uuid.uuid4().hex, url)
            self._db.execute("INSERT OR IGNORE INTO endpoint VALUES (1, ?, ?, '', 0)", first)
        except sqlite3.Error as error:
            raise OSError(f"{path}: {error}") from error
        self.name = self._one("name")

    @property
    def confirmed(self) -> str:
        """What the endpoint has proven itself for; '' while it has not."""
        return self._one("confirmed") if self._is_its_own() else ""

    def confirm(self, proof: str) -> None:
        """The endpoint has proven itself; one that is new knows nothing of what another was told."""
        with self._writing():
            if not self._is_its_own():
                self._db.execute("DELETE FROM message")
            self._db.execute("UPDATE endpoint SET url = ?, confirmed = ?", (self._url, proof))

    def messages(self) -> Sequence[Message]:
        """The last of each subscription that this endpoint was told of."""
        return self._select("", ()) if self._is_its_own() else []

    def last(self, key: str) -> Message | None:
        """The last of one subscription."""
        found = self._select("WHERE key = ?", (key,)) if self._is_its_own() else []
        return found[0] if found else None

    def enqueue(self, contents: Mapping[str, str], make: Make) -> Sequence[Message]:
        """What must be sent so that the endpoint knows the contents; written down before any of it is sent.

        What was sent and not acknowledged is sent as it was; what is other than the last gets a number of its own.
        """
        due: list[Message] = []
        with self._writing():
            known = {each.key: each for each in self.messages()}
            number = int(self._one("number"))
            for key, content in contents.items():
                last = known.get(key)
                if last is None or last.content != content:
                    number += 1
                    last = Message(key, number, *make(key, content, number), content, acknowledged=False)
                    self._db.execute(
                        f"INSERT OR REPLACE INTO message ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, 0)",  # noqa: S608
                        (last.key, last.number, last.name, last.body, last.content),
                    )
                if not last.acknowledged:
                    due.append(last)
            self._db.execute("UPDATE endpoint SET number = ?", (number,))
        return due

    def acknowledge(self, messages: Iterable[Message]) -> None:
        """The endpoint has them; unless there is a newer one by now."""
        rows = [(each.key, each.number) for each in messages]
        with self._writing():
            self._db.executemany("UPDATE message SET acknowledged = 1 WHERE key = ? AND number = ?", rows)
            self._db.execute(_FORGET, (REMEMBERED,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _is_its_own(self) -> bool:
        return self._one("url") == self._url

    def _one(self, column: str) -> str:
        with self._guarded():
            return str(self._db.execute(f"SELECT {column} FROM endpoint").fetchone()[0])  # noqa: S608

    def _select(self, where: str, values: tuple[str, ...]) -> list[Message]:
        with self._guarded():
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM message {where}", values).fetchall()  # noqa: S608
        return [Message(*row) for row in rows]

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._guarded(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except sqlite3.Error as error:
            raise AdapterError("TARGET_UNAVAILABLE", f"the journal: {error}") from error
