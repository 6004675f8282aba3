"""Programs of Debian packages, unpacked once into the environment: nothing of the system changes, and none is started.

A program that the system has is used as it is. Where there is neither that nor `apt-get`, a test fails in CI and is
skipped elsewhere, saying what to install.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest

_PLACES = ("usr/sbin", "usr/bin")
_SECONDS, _LISTS_SECONDS = 300, 3600


def program(name: str) -> list[str]:
    """The words that start the program of the package of the same name, with the libraries that were unpacked for it."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    if found := shutil.which(name, path=path):
        return [found]
    folder = unpacked(name)
    found = next((str(folder / place / name) for place in _PLACES if (folder / place / name).exists()), "")
    assert found, f"the package {name} holds no program {name}"
    libraries = sorted({str(each.parent) for each in folder.glob("usr/lib/**/*.so*")})
    return ["env", f"LD_LIBRARY_PATH={':'.join(libraries)}", found] if libraries else [found]


def unpacked(package: str) -> Path:
    """The folder that the package and what it needs are unpacked in."""
    components = Path(sys.prefix) / "components"
    folder = components / f"debian-{package}"
    if (folder / ".complete").exists():
        return folder
    if missing := [each for each in ("apt-get", "dpkg-deb") if shutil.which(each) is None]:
        _absent(f"The tests of {package} need {package}: install it ({' and '.join(missing)} not found).")
    shutil.rmtree(folder, ignore_errors=True)
    downloads = folder / "packages"
    downloads.mkdir(parents=True)
    apt = ["apt-get", *_options(components / "debian-lists"), "-q"]
    _update(package, apt, components / "debian-lists" / ".updated")
    planned = _run(package, [*apt, "install", "-s", "--no-install-recommends", package], downloads)
    needed = {line.split()[1] for line in planned.splitlines() if line.startswith("Inst ")}
    _run(package, [*apt, "download", *sorted(needed)], downloads)
    for archive in sorted(downloads.glob("*.deb")):
        _run(package, ["dpkg-deb", "-x", str(archive), str(folder)], downloads)
    shutil.rmtree(downloads)
    (folder / ".complete").touch()
    return folder


def _update(package: str, apt: list[str], updated: Path) -> None:
    """Once for all packages, and again when the lists are old: what they name is replaced by newer ones."""
    if not updated.exists() or time.time() - updated.stat().st_mtime > _LISTS_SECONDS:
        _run(package, [*apt, "update"], updated.parent)
        updated.touch()


def _options(lists: Path) -> list[str]:
    """Lists of our own, so that no right on the system's is needed, and none of them changes."""
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    options = {
        "Dir::State::lists": lists,
        "Dir::Cache": lists.parent / "debian-cache",
        "Debug::NoLocking": "true",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": "3",
    }
    (lists.parent / "debian-cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    return [word for name, value in options.items() for word in ("-o", f"{name}={value}")]


def _run(package: str, words: list[str], folder: Path) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS)
    if done.returncode:
        said = f"{done.stdout[-300:]}{done.stderr[-700:]}"
        _absent(f"{package} could not be fetched (`{' '.join(words[:1])} ...`): {said} Install it with apt-get.")
    return done.stdout


def _absent(why: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
