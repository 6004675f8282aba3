"""A world whose programs all export their spans: registry with relay, a subscriber that follows by Kafka, the command."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from registry.api.v1.change_pb2 import Change
from registry.api.v1.feed_service_pb2 import ListChangesRequest
from registry.api.v1.feed_service_pb2_grpc import FeedServiceStub
from tests.components.kafka import Kafka
from tests.components.otlp import Sink, Span
from tests.components.ports import free_port
from tests.components.topics import Event, everything
from tests.e2e import street
from tests.integration.cli.program import Server

NAMES = ("offerings/permits", "offerings/permits/releases/1.0.0")
OFFERING, RELEASE = NAMES
PROVEN = {"gemensam_convergence_phase": "CONVERGENCE_PHASE_PROVEN"}
_BODY = """apiVersion: gemensam/v1
kind: Organisation
metadata: {{name: organisations/{key}}}
spec: {{kind: municipality, title: {{sv: {key}}}}}
---
apiVersion: gemensam/v1
kind: System
metadata: {{name: organisations/{key}/systems/gw}}
spec: {{title: {{sv: Gateway}}, environment: production}}
---
"""
BODIES = f"""{_BODY.format(key="a")}{_BODY.format(key="b")}apiVersion: gemensam/v1
kind: Interest
metadata: {{name: organisations/b/interests/all}}
spec: {{filter: provider = organisations/a, mode: join, system: organisations/b/systems/gw}}
"""
OFFERED = f"""apiVersion: gemensam/v1
kind: Offering
metadata: {{name: {OFFERING}}}
spec: {{provider: organisations/a, title: {{sv: Bygglov}}, terms: {{approval: automatic}}}}
---
apiVersion: gemensam/v1
kind: Release
metadata: {{name: {RELEASE}}}
spec:
  version: 1.0.0
  interfaces:
  - {{id: api, kind: rest, endpoints: [{{environment: production, url: "http://127.0.0.1:8080"}}]}}
"""


class Subscriber(street.Process):
    """Body `b`, with a folder as its target, a page of metrics, and an exporter."""

    def __init__(self, folder: Path, registry: str, kafka: Kafka, more: Mapping[str, str]) -> None:
        self.metrics, self._more = f"127.0.0.1:{free_port()}", more
        values = {
            "registry": registry,
            "systems": ["organisations/b/systems/gw"],
            "adapters": [{"kind": "files", "directory": "services"}],
            "source": "kafka",
            "kafka": {"bootstrap": kafka.bootstrap, "group": "traced"},
            "metrics_address": self.metrics.rpartition(":")[2],
        }
        super().__init__(folder, values, {"ports": [8080], "private_ranges": ["127.0.0.1/32"]})

    def environment(self) -> dict[str, str]:
        """Of the process."""
        return super().environment() | dict(self._more)

    def follows(self) -> bool:
        """Whether its mirror is whole: what comes now comes as an event, with the trace of its command."""
        with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(self.folder / "state.db")) as mirror:
            return bool(mirror.execute("SELECT 1 FROM position WHERE generation != ''").fetchall())
        return False


@dataclass(frozen=True, slots=True)
class World:
    """One publication that has been proven, and everything that tells of it. `release` is its change in the ledger."""

    server: Server
    subscriber: Subscriber
    sink: Sink
    events: list[Event]
    release: Change

    def trace(self) -> list[dict[str, Any]]:
        """What the command tells of the release."""
        done = self.server("trace", str(self.release.revision), "--json")
        assert done.code == 0, done.err
        return done.lines()


@contextmanager
def world(folder: Path, kafka: Kafka, sink: Sink) -> Iterator[World]:
    """The release is applied, announced, and proven by the body."""
    from tests.components.topics import empty  # noqa: PLC0415 - here, beside its only use

    asyncio.run(empty(kafka.bootstrap))
    exporting = sink.environment()
    server = Server(folder / "data", **exporting, GEMENSAM_KAFKA_BOOTSTRAP=kafka.bootstrap)
    subscriber = Subscriber(folder / "subscriber", server.grpc, kafka, exporting)
    try:
        _apply(server, folder, "bodies", BODIES)
        subscriber.start()
        until(subscriber.follows)
        _apply(server, folder, "offered", OFFERED, **exporting)
        until(lambda: [each for each in sink.named("ReportConvergence", **PROVEN) if _is_whole(sink, each)])
        with grpc.insecure_channel(server.grpc) as channel:
            changes = FeedServiceStub(channel).ListChanges(ListChangesRequest(page_size=1000)).changes
        (release,) = [each for each in changes if each.name == RELEASE]
        told = until(lambda: _told(kafka, changes[-1].revision))
        yield World(server, subscriber, sink, told, release)
    finally:
        subscriber.kill()
        server.stop()


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait until the condition gives something true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.1)
    return found


def _apply(server: Server, folder: Path, name: str, text: str, **env: str) -> None:
    file = folder / f"{name}.yaml"
    file.write_text(text)
    done = server("apply", file, **env)
    assert done.code == 0, done.err + done.out


def _is_whole(sink: Sink, report: Span) -> bool:
    """Whether the call that answered it and the work that it tells of have been exported."""
    answered = any(each.parent == report.span_id for each in sink.spans)
    return answered and any(each.span_id == report.parent for each in sink.spans)


def _told(kafka: Kafka, revision: int) -> list[Event]:
    found = asyncio.run(everything(kafka.bootstrap))
    return found if any(each.revision >= revision for each in found) else []
