"""Fault 32, scaled down: a subscriber that knows nothing meets hundreds of services. It ends where one that followed is."""

import asyncio
import contextlib
import hashlib
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import psutil
import pytest

from registry.api.v1 import offering_service_pb2 as offerings
from registry.app import Running, running
from registry.settings import Settings
from tests.contract.adapters.channels import git
from tests.e2e.street import PROGRAM, interface, standing_order, until
from tests.integration.api import Api

FEW, LEFT = 100, 20
MANY = int(os.environ.get("GEMENSAM_TEST_SERVICES", "500"))  # the goal is 1,000: see docs/figures.md
URL, MEBIBYTE = "https://93.184.216.34/api", 2**20


class Body:
    """A subscriber's process with a folder and a repository for targets. `peak`: of its memory, as far as seen."""

    def __init__(self, folder: Path, registry: str) -> None:
        folder.mkdir()
        self.files, self.repository = folder / "services", folder / "services.git"
        adapters = [{"kind": "files", "directory": "services"}, {"kind": "git", "directory": "services.git"}]
        values = {"registry": registry, "systems": ["organisations/b/systems/gw"], "adapters": adapters}
        (folder / "subscriber.yaml").write_text(json.dumps(values))
        (folder / "policy.yaml").write_text(json.dumps({"organisations": ["*"], "hosts": ["93.184.216.34"]}))
        command = [str(PROGRAM), "run", "--config", str(folder / "subscriber.yaml")]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self.peak = 0

    async def holds(self, wanted: range) -> None:
        """Wait until both targets have these services, and no others."""

        async def look() -> bool:
            self.peak = max(self.peak, psutil.Process(self._process.pid).memory_info().rss)
            paths = list(self.files.glob("*.gemensam.json"))
            if not len(paths) == len(self.committed()) == len(wanted):
                return False
            found = {json.loads(path.read_text())["offering"] for path in paths}
            return found == {f"offerings/service-{number}" for number in wanted}

        await until(look, 120)

    def committed(self) -> list[str]:
        """What the tip of the branch has, with the hash of each."""
        with contextlib.suppress(subprocess.CalledProcessError):
            return git(self.repository, "ls-tree", "-r", "main").splitlines()
        return []

    def digest(self) -> str:
        """A hash of all that it holds."""
        texts = [f"{path.name}{path.read_text()}" for path in sorted(self.files.iterdir())]
        return hashlib.sha256("".join([*texts, *self.committed()]).encode()).hexdigest()

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(30)


@contextlib.contextmanager
def body(folder: Path, registry: str) -> Iterator[Body]:
    """A subscriber for as long as the block lasts."""
    made = Body(folder, registry)
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
async def registry_server(tmp_path: Path) -> AsyncIterator[Running]:
    """A registry that serves."""
    async with running(Settings(data=tmp_path / "data", grpc_address="127.0.0.1:0", web_address="")) as registry:
        yield registry


async def publish(api: Api, numbers: range) -> None:
    """So many offerings with a release each."""
    keys = [f"service-{number}" for number in numbers]
    await asyncio.gather(*(api.offer(key) for key in keys))
    await asyncio.gather(*(api.publish(key, interfaces=[interface(URL)]) for key in keys))


async def test_fault_32_a_cold_subscriber_meets_hundreds_of_services(tmp_path: Path, registry_server: Running) -> None:
    address, times, peaks = registry_server.grpc_address, list[float](), list[int]()
    async with grpc.aio.insecure_channel(address) as channel:
        api = Api(channel)
        await standing_order(api)
        with body(tmp_path / "follows", address) as follower:
            for numbers in (range(FEW), range(FEW, MANY + LEFT)):
                await publish(api, numbers)
                if numbers.start:
                    withdrawn = [offerings.WithdrawOfferingRequest(name=f"offerings/service-{n}") for n in range(LEFT)]
                    await asyncio.gather(*map(api.offerings.WithdrawOffering, withdrawn))
                wanted = range(LEFT, MANY + LEFT) if numbers.start else numbers
                await follower.holds(wanted)
                started = time.monotonic()
                with body(tmp_path / f"cold-{len(wanted)}", address) as cold:
                    await cold.holds(wanted)
                    times.append(time.monotonic() - started)
                    peaks.append(cold.peak)
                    assert cold.digest() == follower.digest()
    assert times[1] <= 3 * times[0] * MANY / FEW, f"{times} s for {FEW} and {MANY} services"
    assert peaks[1] - peaks[0] <= 64 * MEBIBYTE, f"{peaks} bytes for {FEW} and {MANY} services"
