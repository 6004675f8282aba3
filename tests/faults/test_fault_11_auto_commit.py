"""Fault 11: a subscriber that is told to confirm by the clock refuses to start, and says why."""

from pathlib import Path

from registry.app import Running
from tests.components.kafka import Kafka
from tests.faults.subscribing import program


async def test_fault_11_auto_commit_is_refused(registry: Running, kafka: Kafka, tmp_path: Path) -> None:
    with program(tmp_path / "b", registry, kafka, more={"enable_auto_commit": True}) as here:
        for words in (["run"], ["check"], ["plan"]):
            done = await here.command(*words)
            assert done.returncode == 1
            assert "kafka.enable_auto_commit" in done.stderr
            assert "must be false: a place is committed after its effect, never by the clock" in done.stderr
            assert "Traceback" not in done.stderr
        assert not (here.folder / "state.db").exists()
