"""A registry on each engine, called over a real channel."""

from pathlib import Path

import pytest

from registry.settings import Settings


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a registry on a free port."""
    return Settings(data=tmp_path / "data", database_url=database_url, grpc_address="127.0.0.1:0", web_address="")
