"""The open batch: what a command reads and stages before one commit writes it all."""

import hashlib
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message
from sqlalchemy import Connection, select

from registry.api.v1.release_pb2 import Spec
from registry.domain.filter import Node, matches
from registry.errors import Unavailable
from registry.store import Command, Query
from registry.store.kinds import BY_MESSAGE, Kind, kind_of, micros, parent_of
from registry.store.ledger import timestamp
from registry.store.paging import page
from registry.store.tables import SpecRow

M = TypeVar("M", bound=Message)
SPECS: Any = SpecRow.__table__  # type: ignore[attr-defined]
EVENT_TYPE = "se.gemensam.registry.{noun}.{verb}.v1"


class OpenBatch:
    """One transaction. Staged things shadow the database; `undo` takes back what a refused command staged."""

    def __init__(self, connection: Connection, head: Any, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.now_us = round(now.timestamp() * 1_000_000)
        self.generation: str = head.generation
        self.first: int = head.revision
        self.known: dict[str, bytes | None] = {}
        self.staged: dict[str, Message | None] = {}
        self.changes: list[dict[str, Any]] = []
        self.specs: dict[str, dict[str, Any]] = {}
        self.advances: dict[str, tuple[int, int]] = {}
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

    def prefetch(self, names: Iterable[str]) -> None:
        """Read many resources in one statement per kind."""
        wanted: dict[str, tuple[Kind, list[str]]] = {}
        for name in dict.fromkeys(names):
            kind = kind_of(name)
            if kind is not None and name not in self.known:
                wanted.setdefault(kind.noun, (kind, []))[1].append(name)
                self.known[name] = None
        for kind, missing in wanted.values():
            table = kind.table
            for start in range(0, len(missing), 500):
                query = select(table.c.name, table.c.document).where(table.c.name.in_(missing[start : start + 500]))
                self.known.update((row[0], row[1]) for row in self.connection.execute(query))

    def get(self, kind: type[M], name: str) -> M | None:
        """A copy of the resource with what earlier commands staged, or None."""
        if name in self.staged:
            staged = self.staged[name]
            return _copy(kind, staged) if isinstance(staged, kind) else None
        self.prefetch([name])
        document = self.known.get(name)
        found = kind_of(name)
        if document is None or found is None or found.message is not kind:
            return None
        return kind.FromString(document)

    def select(self, kind: type[M], where: Node | None, *, parent: str = "", limit: int = 1000) -> list[M]:
        """Resources by filter in name order, with what earlier commands staged."""
        noun = BY_MESSAGE[kind].noun
        size = limit + len(self.staged)
        rows = page(self.connection, Query(noun, parent=parent, filter=where, page_size=size)).documents
        found = {message.name: message for message in map(kind.FromString, rows)}  # type: ignore[attr-defined]
        for name, message in self.staged.items():
            if not isinstance(message, kind):
                found.pop(name, None)
            elif (not parent or parent.endswith("/-") or parent_of(name) == parent) and (
                where is None or matches(where, message)
            ):
                found[name] = _copy(kind, message)
            else:
                found.pop(name, None)
        return [found[name] for name in sorted(found)][:limit]

    def put(self, message: Message, verb: str) -> int:
        """Stage the resource; fills revision, etag, uid and times in place. Returns its revision."""
        draft: Any = message
        draft.revision = self.revision + 1
        draft.etag = f"{self.generation[:8]}-{draft.revision}"
        draft.uid = draft.uid or str(uuid.uuid4())
        draft.update_time.CopyFrom(timestamp(self.now_us))
        if not draft.HasField("create_time"):
            draft.create_time.CopyFrom(draft.update_time)
        document = message.SerializeToString(deterministic=True)
        self._change(message, verb, document, draft.etag)
        self._stage(draft.name, _copy(type(message), message))
        return self.revision

    def delete(self, message: Message, verb: str = "deleted") -> int:
        """Stage a deletion; returns its revision."""
        draft: Any = message
        self._change(message, verb, message.SerializeToString(deterministic=True), "")
        self._stage(draft.name, None)
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

    def _stage(self, name: str, message: Message | None) -> None:
        if name in self.staged:
            before = self.staged[name]
            self._undo.append(lambda: self.staged.__setitem__(name, before))
        else:
            self._undo.append(lambda: self.staged.__delitem__(name))
        self.staged[name] = message

    def _change(self, message: Any, verb: str, document: bytes, etag: str) -> None:
        noun, caller = BY_MESSAGE[type(message)].noun, self._command.caller
        entry = {
            "revision": self.revision + 1,
            "batch_end_revision": 0,
            "time_us": self.now_us,
            "event_type": EVENT_TYPE.format(noun=noun, verb=verb),
            "kind": noun,
            "name": message.name,
            "document": document,
            "etag": etag,
            "actor": caller.actor,
            "on_behalf_of": caller.on_behalf_of,
            "request_id": self._command.request_id,
            "traceparent": caller.traceparent,
        }
        self.changes.append(entry)
        self._undo.append(self._forget_last)

    def _forget_last(self) -> None:
        self.changes.pop()


def row_of(kind: Kind, message: Any) -> dict[str, Any]:
    """The table row of a staged resource."""
    return {
        "name": message.name,
        "uid": message.uid,
        "parent": parent_of(message.name),
        "etag": message.etag,
        "revision": message.revision,
        "create_time_us": micros(message.create_time),
        "update_time_us": micros(message.update_time),
        "document": message.SerializeToString(deterministic=True),
        **kind.columns(message),
    }


def _copy(kind: type[M], message: Message) -> M:
    return kind.FromString(message.SerializeToString())


def _put_back(places: dict[str, tuple[int, int]], name: str, before: tuple[int, int] | None) -> None:
    if before is None:
        places.pop(name, None)
    else:
        places[name] = before
