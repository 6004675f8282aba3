"""The open batch: what a command reads and stages before one commit writes it all."""

import hashlib
import random
import uuid
from collections.abc import Callable, Collection, Hashable, Iterable
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from google.protobuf.message import Message
from sqlalchemy import Connection, func, select

from registry.api.v1.release_pb2 import Spec
from registry.domain.filter import Node, matches
from registry.domain.names import kind_of as noun_of
from registry.domain.shown import among, shows
from registry.errors import Unavailable
from registry.store import Command, Query, rows
from registry.store.filters import needs
from registry.store.kinds import BY_MESSAGE, Kind, kind_of, micros, parent_of
from registry.store.known import Known
from registry.store.ledger import timestamp
from registry.store.paging import page
from registry.store.tables import SpecRow

M = TypeVar("M", bound=Message)
T = TypeVar("T")
SPECS: Any = SpecRow.__table__  # type: ignore[attr-defined]
_random = random.Random()  # noqa: S311 - a uid is no secret, and asking the system for each one costs a tenth of a write
EVENT_TYPE = "se.gemensam.registry.{noun}.{verb}.v1"


class Staged(NamedTuple):
    """A new version: its kind and its table row."""

    kind: Kind
    row: dict[str, Any]


class OpenBatch:
    """One transaction. Staged things shadow the database; `undo` takes back what a refused command staged."""

    def __init__(self, connection: Connection, head: Any, now: datetime, known: Known) -> None:
        self.connection = connection
        self.now = now
        self.now_us = round(now.timestamp() * 1_000_000)
        self._time = timestamp(self.now_us)
        self.generation: str = head.generation
        self.first: int = head.revision
        self.known = known
        self.staged: dict[str, Staged | None] = {}
        self._places: dict[tuple[str, str], dict[str, None]] = {}  # names once staged, by kind and parent ('': all)
        self.changes: list[dict[str, Any]] = []
        self.specs: dict[str, dict[str, Any]] = {}
        self.advances: dict[str, tuple[int, int]] = {}
        self.parked: dict[str, dict[str, Any]] = {}
        self.noted: dict[str, dict[Hashable, dict[str, Any]]] = {}
        self.actor = self.on_behalf_of = ""
        self._command = Command(run=lambda _: Spec())
        self._undo: list[Callable[[], None]] = []

    @property
    def revision(self) -> int:
        """Revision of the newest staged change."""
        return self.first + len(self.changes)

    def begin(self, command: Command) -> None:
        """The next command starts."""
        self._command, self._undo = command, []
        self.actor, self.on_behalf_of = command.caller.actor, command.caller.on_behalf_of

    def undo(self) -> None:
        """Take back what the current command staged."""
        for step in reversed(self._undo):
            step()
        self._undo = []

    def written(self) -> dict[str, bytes | None]:
        """The documents that are staged, by name; None for a deletion."""
        return {name: staged.row["document"] if staged else None for name, staged in self.staged.items()}

    def prefetch(self, names: Iterable[str]) -> None:
        """Read many resources in one statement per kind."""
        wanted: dict[str, tuple[Kind, list[str]]] = {}
        for name in dict.fromkeys(names):
            kind = kind_of(name)
            if kind is not None and name not in self.known:
                wanted.setdefault(kind.noun, (kind, []))[1].append(name)
                self.known.put(name, None)
        for kind, missing in wanted.values():
            for name, document in rows.documents(self.connection, kind.table, missing):
                self.known.put(name, document)

    def get(self, kind: type[M], name: str) -> M | None:
        """A copy of the resource with what earlier commands staged, or None."""
        if name in self.staged:
            staged = self.staged[name]
            return kind.FromString(staged.row["document"]) if staged and staged.kind.message is kind else None
        if name not in self.known:
            self.prefetch([name])
        document, found = self.known.get(name), kind_of(name)
        return kind.FromString(document) if document is not None and found and found.message is kind else None

    def shown(self, kind: type[M], name: str) -> M | None:
        """The same, when it is shown to the command's caller, or None."""
        found, sight = self.get(kind, name), self._command.caller.authority.sight
        if found is None or sight.everything or shows(sight, found, among(self, sight)):
            return found
        return None

    def select(self, kind: type[M], where: Node | None, *, parent: str = "", limit: int = 1000) -> list[M]:
        """Resources by filter in name order, with what earlier commands staged."""
        noun = BY_MESSAGE[kind].noun
        size = limit + len(self.staged)
        stored = page(self.connection, Query(noun, parent=parent, filter=where, page_size=size)).documents
        found = {message.name: message for message in map(kind.FromString, stored)}  # type: ignore[attr-defined]
        within = "" if parent.endswith("/-") else parent
        needed = needs(BY_MESSAGE[kind], where)
        for name in self._places.get((noun, within), ()):
            if name not in self.staged:
                continue  # taken back
            found.pop(name, None)
            staged = self.staged[name]
            if staged is not None and all(staged.row[column] == value for column, value in needed):
                message = kind.FromString(staged.row["document"])
                if where is None or matches(where, message):
                    found[name] = message
        return [found[name] for name in sorted(found)][:limit]

    def put(self, message: Message, verb: str) -> int:
        """Stage the resource; fills revision, etag, uid and times in place. Returns its revision."""
        draft: Any = message
        behalf = self._guarded(draft, verb)
        draft.revision = self.revision + 1
        draft.etag = f"{self.generation[:8]}-{draft.revision}"
        draft.uid = draft.uid or str(uuid.UUID(int=_random.getrandbits(128), version=4))
        draft.update_time.CopyFrom(self._time)
        if not draft.HasField("create_time"):
            draft.create_time.CopyFrom(self._time)
        kind = BY_MESSAGE[type(message)]
        row = row_of(kind, draft, message.SerializeToString(deterministic=True))
        self._change(draft.name, verb, row["document"], draft.etag, behalf)
        self._stage(kind, draft.name, Staged(kind, row))
        return self.revision

    def delete(self, message: Message, verb: str = "deleted") -> int:
        """Stage a deletion; returns its revision."""
        draft: Any = message
        behalf = self._guarded(draft, verb)
        self._change(draft.name, verb, message.SerializeToString(deterministic=True), "", behalf)
        self._stage(BY_MESSAGE[type(message)], draft.name, None)
        return self.revision

    def put_spec(self, media_type: str, content: bytes) -> Spec:
        """Stage a contract by its hash (idempotent)."""
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 not in self.specs:
            row = {"sha256": sha256, "media_type": media_type, "size": len(content), "content": content}
            self.specs[sha256] = row
            self._undo.append(lambda: self.specs.__delitem__(sha256))
        return Spec(media_type=media_type, sha256=sha256, size=len(content))

    def get_spec(self, sha256: str) -> Spec | None:
        """Media type and size of a stored or staged contract."""
        if staged := self.specs.get(sha256):
            return Spec(media_type=staged["media_type"], sha256=sha256, size=staged["size"])
        query = select(SPECS.c.media_type, SPECS.c.size).where(SPECS.c.sha256 == sha256)
        row = self.connection.execute(query).one_or_none()
        return Spec(media_type=row.media_type, sha256=sha256, size=row.size) if row else None

    def advance(self, name: str, epoch: int, revision: int) -> None:
        """Move a reader's position in the same commit as its effects; Unavailable at commit if the lease is lost."""
        before = self.advances.get(name)
        if before is not None and before[0] != epoch:
            message = f"The lease {name!r} has passed to another owner."
            raise Unavailable("STORE_UNAVAILABLE", message, retry_after_ms=1000)
        self.advances[name] = (epoch, revision)
        self._undo.append(lambda: _put_back(self.advances, name, before))

    def park(self, name: str, revision: int, reason: str, *, released: bool = False) -> None:
        """Hold back the events of a resource from `revision` on; 0 lets them go."""
        before = self.parked.get(name)
        row = {"name": name, "revision": revision, "reason": reason, "released": released, "time_us": self.now_us}
        self.parked[name] = row
        self._undo.append(lambda: _put_back(self.parked, name, before))

    def note(self, table: str, key: Hashable, row: dict[str, Any]) -> None:
        """Keep a row beside the ledger: `key_uses` or `refusals`. It is no change of any resource."""
        noted = self.noted.setdefault(table, {})
        before = noted.get(key)
        noted[key] = row
        self._undo.append(lambda: noted.__delitem__(key) if before is None else noted.__setitem__(key, before))

    def count(self, kind: type[Message], column: str, value: str, over: Collection[int] = ()) -> int:
        """How many of a kind have the value in a column and are not `over`, with what earlier commands staged."""
        table = BY_MESSAGE[kind].table
        mine = {name: each for name, each in self.staged.items() if kind_of(name) is BY_MESSAGE[kind]}
        query = select(func.count()).select_from(table).where(table.c[column] == value)
        if over:
            query = query.where(table.c.state.not_in(over))
        stored: int = self.connection.execute(query.where(table.c.name.not_in(list(mine)))).scalar_one()
        rows = [each.row for each in mine.values() if each is not None and each.row[column] == value]
        return stored + sum(1 for row in rows if not over or row["state"] not in over)

    def ask(self, message: Message, verb: str) -> None:
        """Refuse now what the command's guard would refuse to be staged."""
        self._guarded(message, verb)

    def _guarded(self, draft: Any, verb: str) -> str:
        """For whom the caller acts; the guard refuses one that may not."""
        command = self._command
        if command.guard is None:
            return command.caller.on_behalf_of
        return command.guard(self, draft, self.get(type(draft), draft.name), verb)

    def _stage(self, kind: Kind, name: str, staged: Staged | None) -> None:
        for above in {"", parent_of(name)}:
            self._places.setdefault((kind.noun, above), {})[name] = None
        if name in self.staged:
            before = self.staged[name]
            self._undo.append(lambda: self.staged.__setitem__(name, before))
        else:
            self._undo.append(lambda: self.staged.__delitem__(name))
        self.staged[name] = staged

    def _change(self, name: str, verb: str, document: bytes, etag: str, behalf: str) -> None:
        caller, noun = self._command.caller, noun_of(name)
        entry = {
            "revision": self.revision + 1,
            "batch_end_revision": 0,
            "time_us": self.now_us,
            "event_type": EVENT_TYPE.format(noun=noun, verb=verb),
            "kind": noun,
            "name": name,
            "document": document,
            "etag": etag,
            "actor": caller.actor,
            "on_behalf_of": behalf,
            "request_id": self._command.request_id,
            "traceparent": caller.traceparent,
        }
        self.changes.append(entry)
        self._undo.append(self._forget_last)

    def _forget_last(self) -> None:
        self.changes.pop()


def row_of(kind: Kind, message: Any, document: bytes) -> dict[str, Any]:
    """The table row of a staged resource."""
    return {
        "name": message.name,
        "uid": message.uid,
        "parent": parent_of(message.name),
        "etag": message.etag,
        "revision": message.revision,
        "create_time_us": micros(message.create_time),
        "update_time_us": micros(message.update_time),
        "document": document,
        **kind.columns(message),
    }


def _put_back(places: dict[str, T], name: str, before: T | None) -> None:
    if before is None:
        places.pop(name, None)
    else:
        places[name] = before
