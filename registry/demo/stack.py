"""The topology of docker-compose.yml as processes, without containers: `make stack`."""

import argparse
import asyncio
import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from registry.demo import backing, cast, kafka
from registry.demo.cast import Receiver
from registry.demo.processes import DemoFailed, Processes, answers, free_port, program, status_of, write_json
from registry.demo.provider import provider
from registry.demo.registry import connected
from registry.demo.run import perform

DEFINITIONS = Path(__file__).parents[2] / "deploy" / "definitions" / "example.yaml"
PROVIDER = "http://provider:8080"  # its address in docker-compose.yml
RELEASE = "offerings/example/releases/1.0.0"
BODIES = ("ockelbo", "region-gavleborg")
ONBOARD_SECONDS, LOOK_SECONDS = 120.0, 0.5


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens, on loopback. The defaults are those of docker-compose.yml and of the programs."""

    grpc: int = 7400
    web: int = 7480
    kafka: int = 29092
    controller: int = 29093
    provider: int = 18080
    ockelbo: int = 10001
    region_gavleborg: int = 10002
    ockelbo_admin: int = 9901
    region_gavleborg_admin: int = 9902

    def taken(self) -> list[int]:
        """Those at which something listens already."""
        return [port for port in asdict(self).values() if kafka.listens(port)]


class Stack:
    """All of it, until Ctrl-C."""

    def __init__(self, console: Console, folder: Path, ports: Ports, processes: Processes) -> None:
        self._console, self._folder, self._ports, self._processes = console, folder, ports, processes
        self._registry, self._web = f"127.0.0.1:{ports.grpc}", f"127.0.0.1:{ports.web}"
        self._receivers = [
            Receiver(
                f"organisations/{body}",
                f"organisations/{body}/systems/gateway",
                body,
                *(getattr(ports, body.replace("-", "_") + end) for end in ("", "_admin")),
            )
            for body in BODIES
        ]
        self._began = time.monotonic()
        self.told = False

    async def tell(self) -> None:
        """Start one after the other, show where they are, and watch them. Errors: DemoFailed."""
        with provider(self._ports.provider):
            self._say("PostgreSQL and Kafka start")
            ports = self._ports
            stores = await backing.start(self._folder, self._processes, port=ports.kafka, controller=ports.controller)
            self._say("the registry starts on PostgreSQL, with its relay")
            serve = [program("gemensam"), "serve", "--grpc-address", self._registry, "--web-address", self._web]
            await self._processes.start("registry", serve, stores.environment)
            await answers(f"http://{self._web}/health/ready", self._processes)
            await self._declare()
            self._say("two subscribers start with an Envoy each, and follow by Kafka")
            allowed = [ports.provider]
            for each in self._receivers:
                await cast.open_gateway(
                    each, self._folder, self._registry, allowed, self._processes, kafka=stores.bootstrap
                )
            await self._onboarded()
            self._show(stores)
            self.told = True
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                self._processes.check()

    async def _declare(self) -> None:
        self._say("the real public bodies and the example service are declared")
        definitions = self._folder / DEFINITIONS.name
        text = DEFINITIONS.read_text(encoding="utf-8").replace(PROVIDER, f"http://127.0.0.1:{self._ports.provider}")
        definitions.write_text(text, encoding="utf-8")
        for words in (["import", "organisations"], ["apply", str(definitions)]):
            command = [program("gemensam"), *words]
            if await self._processes.run(command, {"GEMENSAM_GRPC_ADDRESS": self._registry}, log="declared"):
                raise DemoFailed(f"`gemensam {' '.join(words)}`:\n{self._processes.said('declared')}")

    async def _onboarded(self) -> None:
        """Wait until both bodies have proven the service, and their gateways answer."""
        self._say("the example service finds its way into both gateways")
        try:
            async with asyncio.timeout(ONBOARD_SECONDS), connected(self._registry) as registry:
                while sum("proven" in each.times for each in registry.journeys.to(RELEASE)) < len(self._receivers):
                    self._processes.check()
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise DemoFailed(f"{RELEASE} was not proven within {ONBOARD_SECONDS:.0f} s: see {self._folder}") from None
        for url in map(_example, self._receivers):
            await self._processes.until(lambda url=url: status_of(url) == 200, url)  # type: ignore[misc]  # noqa: PLR2004 - HTTP's word for well

    def _show(self, stores: backing.Backing) -> None:
        self._say(f"ready. Everything is kept in {self._folder}; Ctrl-C ends it, and the same command goes on with it")
        rows = [
            ("registry, gRPC", self._registry),
            ("registry, web", f"http://{self._web}/health/ready"),
            ("PostgreSQL", stores.database_url),
            ("Kafka", stores.bootstrap),
            *((f"gateway of {each.title}", _example(each)) for each in self._receivers),
        ]
        for what, where in rows:
            self._console.print(f"   {what:<27} {where}", soft_wrap=True, markup=False)
        self._console.print("Try, in another terminal:")
        for words in ("list subscriptions", "watch"):
            line = f"   GEMENSAM_GRPC_ADDRESS={self._registry} {program('gemensam')} {words}"
            self._console.print(line, soft_wrap=True, markup=False)

    def _say(self, text: str) -> None:
        self._console.print(f"{time.monotonic() - self._began:5.1f} s  {text}", soft_wrap=True, markup=False)


def _example(receiver: Receiver) -> str:
    return f"{receiver.url}/{receiver.key}/example/web"


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """The folder for this process alone. Errors: DemoFailed when another stack has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            text = f"A stack runs in {folder} already, as process {lock.read().strip()}: end it, or name another folder"
            raise DemoFailed(f"{text} with --folder.") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def chosen(folder: Path, *, free: bool) -> Ports:
    """The ports, which stay those of the folder's first start. Errors: DemoFailed when one is taken."""
    file = folder / "ports.json"
    if file.exists():
        ports = Ports(**json.loads(file.read_text(encoding="utf-8")))
    else:
        ports = Ports(*_different(len(asdict(Ports())))) if free else Ports()
    if taken := ports.taken():
        text = f"Something listens already at 127.0.0.1, port {', '.join(map(str, taken))}: end that, or choose other"
        raise DemoFailed(f"{text} ports with --free-ports and a new --folder.")
    write_json(file, asdict(ports))
    return ports


def _different(count: int) -> set[int]:
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return ports


def main() -> int:
    """Run the stack; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make stack ARGS=...", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("gemensam-stack"), help="keeps everything, with logs")
    parser.add_argument("--free-ports", action="store_true", help="choose free ports instead of those of the programs")
    given = parser.parse_args()
    folder, console = given.folder.resolve(), Console(highlight=False)
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

    def play(_: Path, processes: Processes) -> Stack:
        return Stack(console, folder, ports, processes)

    def before() -> None:
        backing.prepare(console.print, broker=True)

    try:
        with claimed(folder):
            ports = chosen(folder, free=given.free_ports)
            return perform(play, folder, before)
    except DemoFailed as error:
        Console(stderr=True, soft_wrap=True).print(f"failed: {error}", markup=False, highlight=False)
        return 1


if __name__ == "__main__":
    sys.exit(main())
