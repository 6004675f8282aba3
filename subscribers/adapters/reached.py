"""A folder that cannot be reached is a target that is away."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from subscribers.adapter import AdapterError


@contextlib.contextmanager
def reached(directory: Path) -> Iterator[None]:
    """Work in a folder. Errors: TARGET_UNAVAILABLE with what the system says."""
    try:
        yield
    except OSError as error:
        raise AdapterError("TARGET_UNAVAILABLE", f"{directory}: {error.strerror}") from error
