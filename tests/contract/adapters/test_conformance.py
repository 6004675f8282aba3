"""Every adapter of ours passes the public suite against its real target."""

from typing import Any

import pytest

from subscribers.conformance import CHECKS, run


@pytest.mark.parametrize("check", CHECKS)
def test_adapters_conform(check: str, target: Any) -> None:
    run(check, target)
    assert target.is_valid()
