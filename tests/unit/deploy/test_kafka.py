"""What `make stack` and the demo say where Java and Maven are missing."""

import sys
from pathlib import Path

import pytest

from registry.demo import kafka
from registry.demo.processes import DemoFailed


def test_what_is_missing_is_named_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DemoFailed, match=r"Kafka needs a JDK of 17 or newer \(`java`\) and Maven \(`mvn`\)"):
        kafka.jars()
