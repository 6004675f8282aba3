"""An authority that issues certificates, and a trust file of a test's own."""

from pathlib import Path

import pytest

from tests.components.issuing import Authority
from tests.components.trusting import World


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority that nobody trusts yet."""
    return Authority(tmp_path / "authority")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A folder for a trust file, and the clocks of who reads it."""
    return World(tmp_path)
