"""The runbook of the broker: down, back, one resource held back, a new cluster."""

import json
from pathlib import Path

from tests.components.kafka import Kafka
from tests.integration.runbooks.conftest import Boot, Machine
from tests.integration.runbooks.test_store import until


def waiting(machine: Machine) -> int:
    """How many changes wait to be announced."""
    found = json.loads(machine.server("relay", "status", "--json").out)
    return int(found["lag"]) + len(found["parked"])


def test_the_broker_is_down(boot: Boot, tmp_path: Path) -> None:
    kafka = Kafka(tmp_path / "kafka")
    try:
        machine = boot(GEMENSAM_KAFKA_BOOTSTRAP=kafka.bootstrap)
        book = machine.book("broker-down", OFFERING="offerings/permits")
        kafka.stop()
        assert machine.server("apply", machine.definitions).code == 0
        status, topics = book.follow("While it lasts")
        assert "6 wait" in status.out
        assert "KAFKA_UNAVAILABLE" in topics.err
        kafka.start()
        book.follow("Once it answers")
        until(lambda: waiting(machine) == 0)
        _, parked, _ = book.follow("One resource is held back")
        assert "parked: offerings/permits" in parked.out
        until(lambda: waiting(machine) == 0)
        again = book.follow("The cluster is new, or lost its data")[-1]
        assert "6 changes are announced again" in again.out
        until(lambda: waiting(machine) == 0)
        over = book.follow("Over when")[-1]
        assert "0 wait" in over.out
        assert book.left() == []
        machine.unit("stop")
    finally:
        kafka.stop()
