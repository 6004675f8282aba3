"""What is published by xDS, and what each connected Envoy has answered to it: the protocol without its transport.

State of the world on one aggregated stream: an answer that names the nonce of what was sent last accepts it (ACK), or
refuses it when it carries an error (NACK); an answer to anything older is passed over. Source: Envoy 1.40, "xDS REST
and gRPC protocol".
"""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from subscribers.adapters import xds_api
from subscribers.adapters.envoy_config import TYPE
from subscribers.adapters.envoy_files import CLUSTERS, ROUTES

TYPES: Mapping[str, str] = {
    TYPE + "config.cluster.v3.Cluster": CLUSTERS,
    TYPE + "config.route.v3.RouteConfiguration": ROUTES,
}
REQUEST = xds_api.message("envoy.service.discovery.v3.DiscoveryRequest")
RESPONSE = xds_api.message("envoy.service.discovery.v3.DiscoveryResponse")


@dataclass(frozen=True, slots=True)
class Published:
    """A version of one type, as it goes out."""

    version: str
    resources: tuple[Any, ...]


@dataclass(slots=True)
class Heard:
    """One type on one stream: what the Envoy asked for, what it was sent last, and what it runs on."""

    names: frozenset[str]
    sent: Published | None = None
    nonce: str = ""
    runs: str = ""
    asks: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """Every Envoy's word on one file together. `version`: what all of them run on, '' when that is not one."""

    version: str = ""
    refused: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers by file, and how many Envoys are connected."""

    connected: int = 0
    files: Mapping[str, Answer] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether somebody is connected, and runs on a version of each file."""
        return bool(self.connected) and all(self.files[name].version for name in TYPES.values())


class Stream:
    """One connected Envoy."""

    def __init__(self) -> None:
        self.types: dict[str, Heard] = {}


class Board:
    """The published versions and the streams. Every call may come from any thread; `changed` tells of each change."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._published: dict[str, Published] = {}
        self._streams: list[Stream] = []
        self._refused: dict[str, tuple[int, str]] = {}
        self._nonces = itertools.count(1)

    def publish(self, name: str, published: Published) -> None:
        """From now on this is what the file's type is."""
        with self.changed:
            self._published[name] = published
            self._refused[name] = (self._refused.get(name, (0, ""))[0], "")
            self.changed.notify_all()

    def refuse(self, name: str, reason: str) -> None:
        """A version was refused: by an Envoy, or because it cannot even be sent."""
        with self.changed:
            self._refused[name] = (self._refused.get(name, (0, ""))[0] + 1, reason)
            self.changed.notify_all()

    def enter(self) -> Stream:
        """A stream has begun."""
        with self.changed:
            self._streams.append(stream := Stream())
            self.changed.notify_all()
            return stream

    def leave(self, stream: Stream) -> None:
        """It has ended; may be said twice."""
        with self.changed:
            self._streams = [each for each in self._streams if each is not stream]
            self.changed.notify_all()

    def hear(self, stream: Stream, request: Any) -> None:
        """Take in what an Envoy asks for, accepts or refuses. What is not ours to give is never answered."""
        with self.changed:
            if request.type_url not in TYPES:
                return
            nonce, names = request.response_nonce, frozenset(request.resource_names)
            heard = stream.types.get(request.type_url)
            if heard is None:  # a nonce would be of a stream before this one
                stream.types[request.type_url] = Heard(names)
            elif nonce in {"", heard.nonce}:
                heard.asks |= not nonce or names != heard.names
                heard.names = names
                if nonce:
                    self._judge(heard, TYPES[request.type_url], request)
            self.changed.notify_all()

    def _judge(self, heard: Heard, name: str, request: Any) -> None:
        if request.HasField("error_detail"):
            self.refuse(name, request.error_detail.message)
        elif heard.sent:
            heard.runs = heard.sent.version

    def next(self, stream: Stream) -> Any:
        """What this Envoy must be told now, waited for; None when its stream has ended."""
        with self.changed:
            while stream in self._streams:
                for kind, heard in stream.types.items():
                    published = self._published.get(TYPES[kind])
                    if published and (heard.asks or published is not heard.sent):
                        return self._send(kind, heard, published)
                self.changed.wait()
            return None

    def _send(self, kind: str, heard: Heard, published: Published) -> Any:
        heard.asks, heard.sent, heard.nonce = False, published, str(next(self._nonces))
        return RESPONSE(version_info=published.version, resources=published.resources, type_url=kind, nonce=heard.nonce)

    def answers(self) -> Answers:
        """What the Envoys have answered so far."""
        with self.changed:
            return Answers(len(self._streams), {name: self._answer(kind, name) for kind, name in TYPES.items()})

    def _answer(self, kind: str, name: str) -> Answer:
        runs = {stream.types[kind].runs if kind in stream.types else "" for stream in self._streams}
        return Answer(runs.pop() if len(runs) == 1 else "", *self._refused.get(name, (0, "")))
