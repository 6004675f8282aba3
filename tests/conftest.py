"""What every test may ask for: databases of both engines, a registry, and a Kafka, real ones."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.components.kafka import Kafka

pytest_plugins = ["tests.databases", "tests.serving", "tests.authorities"]
HERE = Path(__file__).parent
# Tests of programs of others, which answer late or cut off now and then on a machine that has too much to do.
REAL = tuple(
    HERE / each
    for each in (
        "e2e",
        "faults",
        "contract/adapters",
        "integration/relay",
        "integration/cli",
        "integration/runbooks",
        "threats/test_threat_16_kafka.py",
    )
)
# A run in the background ignores SIGINT, and so would the programs that tests start and end as Ctrl-C does.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Containers often ask Python to keep nothing that it compiled. Then each worker, and each program that a test starts,
# compiles all of its libraries anew: three quarters of what its start costs.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# What nobody configured shows an exception with the value of every variable on its way, which takes 0.2 s each.
_plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _plain])


def pytest_configure(config: pytest.Config) -> None:
    """Workers get files in the order of their names: real programs first, `unit` last.

    By default a file of one test comes last, and the longest tests are alone in theirs: one worker would wait for them.
    """
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What fails beside real programs is run once more; that it did is told in full (docs/adr/0016)."""
    for each in items:
        if any(each.path.is_relative_to(folder) for folder in REAL):
            each.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show what failed and passed when it was run again: it may be a fault of ours that is rare."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"failed once: {report.nodeid}", "=")
        terminalreporter.write_line(report.longreprtext)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker that no test stops."""
    cluster = Kafka(tmp_path_factory.mktemp("kafka") / "cluster")
    yield cluster
    cluster.stop()


@pytest.fixture
async def kafka(broker: Kafka) -> Kafka:
    """The broker, without topics of ours."""
    from tests.components.topics import empty  # noqa: PLC0415 - few tests need a client of Kafka

    await empty(broker.bootstrap)
    return broker
