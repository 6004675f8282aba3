"""What clients did and saw during a fault, in memory and as lines of JSON that can be judged later, without a server."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from registry.api.v1.change_pb2 import Change
from registry.api.v1.feed_service_pb2 import WatchResponse

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a publisher was told: its resource, and the revision of the write; in seconds, when it asked and heard."""

    revision: int
    name: str
    request_id: str
    document: bytes
    began: float = 0.0
    ended: float = 0.0


@dataclass(frozen=True, slots=True)
class Read:
    """What a reader was told that wanted at least revision `asked`. No document: there is none of that name."""

    asked: int
    revision: int
    name: str
    document: bytes


@dataclass(slots=True)
class Stream:
    """What one Watch call sent, that asked for everything from `start` on."""

    start: int
    events: list[WatchResponse] = field(default_factory=list)


@dataclass(slots=True)
class History:
    """Everything of one run. `watchers`: the streams of each, one after the other. `notes`: faults, and measures."""

    writes: list[Acknowledged] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    watchers: dict[str, list[Stream]] = field(default_factory=dict)
    ledger: list[Change] = field(default_factory=list)
    resources: dict[str, bytes] = field(default_factory=dict)
    notes: list[Line] = field(default_factory=list)

    def save(self, file: Path) -> None:
        """Write it as lines of JSON."""
        with file.open("w") as lines:
            lines.writelines(json.dumps(line) + "\n" for line in self._lines())

    def _lines(self) -> Iterator[Line]:
        for kind, told in (("write", self.writes), ("read", self.reads)):
            for each in told:
                yield {"is": kind, **asdict(each), "document": _text(each.document)}
        for watcher, streams in self.watchers.items():
            for stream in streams:
                events = [_text(event.SerializeToString()) for event in stream.events]
                yield {"is": "stream", "watcher": watcher, "start": stream.start, "events": events}
        for change in self.ledger:
            yield {"is": "entry", "change": _text(change.SerializeToString())}
        for name, document in self.resources.items():
            yield {"is": "resource", "name": name, "document": _text(document)}
        for note in self.notes:
            yield {"is": "note", **note}


def load(file: Path) -> History:
    """A history that was saved."""
    history = History()
    for text in file.read_text().splitlines():
        line = json.loads(text)
        kind = line.pop("is")
        if "document" in line:
            line["document"] = base64.b64decode(line["document"])
        _take(history, kind, line)
    return history


def _take(history: History, kind: str, line: dict[str, Any]) -> None:
    if kind == "write":
        history.writes.append(Acknowledged(**line))
    elif kind == "read":
        history.reads.append(Read(**line))
    elif kind == "stream":
        events = [WatchResponse.FromString(base64.b64decode(each)) for each in line["events"]]
        history.watchers.setdefault(line["watcher"], []).append(Stream(line["start"], events))
    elif kind == "entry":
        history.ledger.append(Change.FromString(base64.b64decode(line["change"])))
    elif kind == "resource":
        history.resources[line["name"]] = line["document"]
    else:
        history.notes.append(line)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
