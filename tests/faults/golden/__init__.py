"""Stores and feeds of every version of the tables so far, as they were recorded then: later programs must read the same.

`python -m tests.faults.golden` records one of the present version. It is done once for each version, and never again.
"""

import asyncio
import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc

from registry.api.v1.change_pb2 import Change
from registry.api.v1.onboarding_service_pb2 import (
    CreateInterestRequest,
    DeleteInterestRequest,
    ReportConvergenceRequest,
)
from registry.app import running
from registry.settings import Settings
from registry.store import backup, migrate
from registry.store.sqlstore import open_store
from tests.components.announced import expected
from tests.faults.announcing import history
from tests.integration.api import Api

HERE = Path(__file__).parent


def versions() -> list[str]:
    """Those that were recorded."""
    return sorted(file.name.removesuffix(".db.gz") for file in HERE.glob("*.db.gz"))


def unpacked(version: str, folder: Path) -> Path:
    """The store of a version, in a folder as `gemensam serve --data` has it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gemensam.db").write_bytes(gzip.decompress((HERE / f"{version}.db.gz").read_bytes()))
    return folder


def feed(version: str) -> list[dict[str, Any]]:
    """What the feed and Kafka said then."""
    return [json.loads(line) for line in (HERE / f"{version}.feed.jsonl").read_text().splitlines()]


def lines(changes: Sequence[Change]) -> Iterator[dict[str, Any]]:
    """What feed and Kafka say of changes: bytes that can be compared."""
    for change in changes:
        event = expected(change)
        yield {
            "revision": change.revision,
            "change": _text(change.SerializeToString(deterministic=True)),
            "topic": event.topic,
            "key": event.name,
            "value": None if event.value is None else event.value.decode(),
            "headers": [[name, value.decode()] for name, value in event.headers],
        }


async def record_present() -> str:
    """A store with one of everything, of the present version; returns the version."""
    version = migrate.newest()
    with TemporaryDirectory() as place:
        settings = Settings(data=Path(place) / "data", grpc_address="127.0.0.1:0", web_address="")
        async with running(settings) as registry, grpc.aio.insecure_channel(registry.grpc_address) as channel:
            await _one_of_everything(Api(channel))
        copy = Path(place) / "copy.db"
        backup.backup(settings.url(), copy)
        (HERE / f"{version}.db.gz").write_bytes(gzip.compress(copy.read_bytes(), 9, mtime=0))
        store = open_store(f"sqlite:///{copy}")
        found = [json.dumps(line, ensure_ascii=False) + "\n" for line in lines(await history(store))]
        store.close()
        (HERE / f"{version}.feed.jsonl").write_text("".join(found))
    return version


async def _one_of_everything(api: Api) -> None:
    await api.body("a", labels={"b": "2", "a": "1"}, county_code="22")
    await api.body("b")
    await api.offer()
    await api.publish(notes={"sv": "Första"})
    await api.publish(version="1.1.0")
    order = {"filter": 'name = "offerings/permits"', "mode": 1, "system": "organisations/b/systems/gw"}
    request = CreateInterestRequest(parent="organisations/b", interest_id="later", interest=order)
    await api.onboarding.CreateInterest(request)
    await api.subscribe("b")
    name = "organisations/b/subscriptions/use-permits"
    told = {"phase": 2, "observed_release": "offerings/permits/releases/1.1.0"}
    await api.onboarding.ReportConvergence(ReportConvergenceRequest(name=name, convergence=told))
    await api.onboarding.DeleteInterest(DeleteInterestRequest(name="organisations/b/interests/later"))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def main() -> None:
    """Record the present version, unless it is there."""
    if migrate.newest() in versions():
        raise SystemExit(f"{migrate.newest()} was recorded already; what was recorded stays as it is.")
    asyncio.run(record_present())
