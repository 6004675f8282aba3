"""Which release a new one is compared with, and how far its version goes from there."""

import pytest

from registry.api.v1.release_pb2 import Release
from registry.api.v1.verdict_pb2 import VersionStep
from registry.domain import version_step

DRAFT, TEST, PUBLISHED, DEPRECATED, RETIRED = range(1, 6)


@pytest.mark.parametrize(
    ("before", "after", "step"),
    [
        ("1.2.3", "1.2.4", "PATCH"),
        ("1.2.3", "1.3.0", "MINOR"),
        ("1.2.3", "2.0.0", "MAJOR"),
        ("1.9.0", "1.10.0", "MINOR"),
        ("1.2.3", "1.3.0-rc.1", "MINOR"),
        ("0.1.0", "0.1.1", "PATCH"),
        ("0.1.0", "0.2.0", "MAJOR"),
        ("0.9.0", "1.0.0", "MAJOR"),
    ],
)
def test_the_step(before: str, after: str, step: str) -> None:
    assert version_step.step(before, after) == VersionStep.Value(f"VERSION_STEP_{step}")


@pytest.mark.parametrize(
    ("version", "releases", "base"),
    [
        ("1.0.0", {}, None),
        ("1.1.0", {"1.0.0": PUBLISHED}, "1.0.0"),
        ("1.10.0", {"1.9.0": PUBLISHED, "1.2.0": PUBLISHED}, "1.9.0"),
        ("1.0.1", {"1.0.0": PUBLISHED, "2.0.0": PUBLISHED}, "1.0.0"),
        ("2.1.0", {"1.0.0": PUBLISHED, "2.0.0": DEPRECATED}, "2.0.0"),
        ("2.1.0", {"1.0.0": PUBLISHED, "2.0.0": RETIRED}, "1.0.0"),
        ("2.1.0", {"1.0.0": PUBLISHED, "2.0.0": TEST, "1.5.0": DRAFT}, "1.0.0"),
        ("2.0.0", {"1.0.0": PUBLISHED, "2.0.0-rc.1": PUBLISHED}, "1.0.0"),
        ("1.0.0", {"1.0.0": PUBLISHED}, None),
        ("1.0.0", {"1.0.1": PUBLISHED}, None),
    ],
)
def test_the_base(version: str, releases: dict[str, int], base: str | None) -> None:
    known = [Release(version=each, state=state) for each, state in releases.items()]  # type: ignore[arg-type]
    found = version_step.base(version, known)
    assert (found.version if found else None) == base
