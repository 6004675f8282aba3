"""A disk that is small: a file system in memory, mounted for as long as a test needs it."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A file system of that size at a folder. Needs root: without, a test fails in CI and is skipped elsewhere."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "gemensam-test", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        why = f"A small disk cannot be mounted ({done.stderr.strip()}): run the tests as root."
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)
        folder.rmdir()


@contextlib.contextmanager
def filled(folder: Path, leave_bytes: int) -> Iterator[None]:
    """Within the block, the disk of the folder has no more room than that."""
    room = os.statvfs(folder)
    file = folder / "filler"
    with file.open("wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, room.f_bavail * room.f_frsize - leave_bytes)
    try:
        yield
    finally:
        file.unlink()
