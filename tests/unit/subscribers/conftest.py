"""What several tests of subscribers ask for."""

import random

import pytest


@pytest.fixture
def no_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wait is as long as it can be, so that tests know when it ends."""
    monkeypatch.setattr(random, "uniform", lambda _low, high: high)
