"""A subscriber as a process that follows by Kafka, and what its target should hold, told from the registry itself."""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from registry.api.v1.offering_service_pb2 import ListReleasesRequest
from registry.api.v1.onboarding_service_pb2 import ListSubscriptionsRequest
from registry.app import Running
from registry.semver import precedence
from subscribers.desired import SERVED
from tests.checks.problem import ROOT
from tests.components.forked import run
from tests.components.kafka import Kafka
from tests.e2e.street import Process
from tests.faults.watched import install, target
from tests.integration.api import Api

URL = "http://127.0.0.1:8080"
WAIT_SECONDS = 90.0


class Program(Process):
    """One that follows by Kafka, with one watched target unless others are given."""

    def __init__(self, folder: Path, registry: Running, kafka: Kafka, **settings: Any) -> None:
        self.services, self.orders = folder / "services", folder / "orders"
        self.orders.mkdir(parents=True)
        install(folder / "installed")
        options = {"bootstrap": kafka.bootstrap, "group": "b", "instance": folder.name, **settings.pop("more", {})}
        self.settings = {
            "registry": registry.grpc_address,
            "systems": ["organisations/b/systems/gw"],
            "source": "kafka",
            "kafka": options,
            "probe_seconds": 0.5,
            "adapters": [{"kind": "watched", "directory": "services", "orders": str(self.orders)}],
            **settings,
        }
        super().__init__(folder, self.settings, {"ports": [8080], "private_ranges": ["127.0.0.1/32"]})

    def environment(self) -> dict[str, str]:
        """With the watched adapter."""
        return {**os.environ, "PYTHONPATH": f"{self.folder / 'installed'}:{ROOT}"}

    async def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run another of its commands."""
        command = [words[0], "--config", self.config, *words[1:]]
        return await asyncio.to_thread(run, "gemensam-subscriber", command, self.environment())

    def target(self) -> Mapping[str, str]:
        """Release by subscription."""
        return target(self.services)

    def known(self) -> Mapping[str, int]:
        """Revisions by name in its mirror."""
        with closing(sqlite3.connect(self.folder / "state.db")) as mirror:
            return dict(mirror.execute("SELECT name, revision FROM mirror WHERE document NOT NULL"))

    async def brings(self, registry: Api) -> None:
        """Wait until the target holds what the registry says."""
        async with asyncio.timeout(WAIT_SECONDS):
            while self.target() != await expected(registry):
                assert self.process is not None
                assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
                await asyncio.sleep(0.05)


@contextmanager
def program(folder: Path, registry: Running, kafka: Kafka, **settings: Any) -> Iterator[Program]:
    """The subscriber of body `b`, not started; killed at the end."""
    made = Program(folder, registry, kafka, **settings)
    try:
        yield made
    finally:
        made.kill()


async def expected(api: Api) -> dict[str, str]:
    """Release by subscription, as the registry has them."""
    request = ListSubscriptionsRequest(parent="organisations/b", page_size=1000)
    wanted = [each for each in (await api.onboarding.ListSubscriptions(request)).subscriptions if each.state in SERVED]
    return {each.name: await newest(api, each.offering) for each in wanted}


async def newest(api: Api, offering: str) -> str:
    """Its release of the highest version."""
    releases = (await api.offerings.ListReleases(ListReleasesRequest(parent=offering, page_size=1000))).releases
    return str(max(releases, key=lambda each: precedence(each.version)).name)


async def until(condition: Any, seconds: float = WAIT_SECONDS) -> Any:
    """Wait until the condition gives something true."""
    async with asyncio.timeout(seconds):
        while not (found := condition()):
            await asyncio.sleep(0.02)
        return found
