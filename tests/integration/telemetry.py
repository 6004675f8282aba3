"""Spans of a registry inside the test, sent to a real receiver as the environment says; all as before at the end."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from registry import telemetry
from registry.telemetry import spans
from registry.telemetry.otlp import provider
from tests.components.otlp import Sink, sink


@contextmanager
def exporting(monkeypatch: pytest.MonkeyPatch, **env: str) -> Iterator[Sink]:
    """Everything of this process, for as long as the block lasts."""
    with sink() as made:
        for name, value in made.environment(**env).items():
            monkeypatch.setenv(name, value)
        before = spans._tracer, spans._listening
        here = provider("gemensam-test")
        telemetry.use(here)
        try:
            yield made
        finally:
            spans._tracer, spans._listening = before
            here.shutdown()
