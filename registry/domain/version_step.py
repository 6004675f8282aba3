"""How far a version goes from the one before it, and which one that is (semver.org 2.0.0)."""

from collections.abc import Iterable

from registry.api.v1.release_pb2 import Release, ReleaseState
from registry.api.v1.verdict_pb2 import VersionStep
from registry.semver import precedence

PATCH, MINOR = VersionStep.VERSION_STEP_PATCH, VersionStep.VERSION_STEP_MINOR
MAJOR = VersionStep.VERSION_STEP_MAJOR
_IN_USE = frozenset({ReleaseState.RELEASE_STATE_PUBLISHED, ReleaseState.RELEASE_STATE_DEPRECATED})


def base(version: str, releases: Iterable[Release]) -> Release | None:
    """What is used before this version comes: the highest lower one in use. Pre-releases promise nothing (§ 9)."""
    here = precedence(version)
    lower = (each for each in releases if each.state in _IN_USE and _stable(each.version))
    return max(
        (each for each in lower if precedence(each.version) < here),
        key=lambda each: precedence(each.version),
        default=None,
    )


def step(before: str, after: str) -> "VersionStep.ValueType":
    """The step from one version to a higher one. Below 1.0.0 the middle number counts as the first (section 4)."""
    (old_major, old_minor, _), (new_major, new_minor, _) = precedence(before)[0], precedence(after)[0]
    if new_major != old_major:
        return MAJOR
    if new_minor != old_minor:
        return MAJOR if new_major == 0 else MINOR
    return PATCH


def _stable(version: str) -> bool:
    return precedence(version)[1] == 1
