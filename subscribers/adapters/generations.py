"""Files that belong together: `current` in a folder leads to all of the old ones, or to all of the new ones."""

import contextlib
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from subscribers.adapters.reached import reached

CURRENT, _PREFIX, _PARTIAL = "current", "generation-", ".current.partial"


class Generations:
    """The files `names` of a folder. A new generation is written beside the old one; then one rename makes it current.

    Errors of every call: AdapterError TARGET_UNAVAILABLE.
    """

    def __init__(self, directory: Path, names: Sequence[str]) -> None:
        self._directory, self._names = directory, names

    def path(self, name: str) -> Path:
        """Where a gateway finds the file."""
        return self._directory / CURRENT / name

    def prepare(self, texts: Mapping[str, str]) -> None:
        """Make the folder and the files that a gateway must find when it starts; what is there stays."""
        if not self.path(self._names[0]).exists():
            self.write(texts)

    def read(self) -> dict[str, str]:
        """The files' texts; '' for one that is not there. What is no UTF-8 is shown as such, and so never as wanted."""
        return {name: self._read(self.path(name)) for name in self._names}

    def write(self, texts: Mapping[str, str]) -> None:
        """Put all of them in place, whole or not at all, also when it is cut by a kill or a loss of power."""
        with reached(self._directory):
            self._directory.mkdir(parents=True, exist_ok=True)
            self._sweep()
            new = self._directory / f"{_PREFIX}{time.time_ns():x}"
            new.mkdir()
            for name in self._names:
                _write(new / name, texts.get(name, ""))
            _sync(new)
            partial = self._directory / _PARTIAL
            partial.symlink_to(new.name)
            partial.replace(self._directory / CURRENT)
            _sync(self._directory)
            self._sweep()

    def _sweep(self) -> None:
        """Take away what is not current: the generation before, and what a killed process left."""
        (self._directory / _PARTIAL).unlink(missing_ok=True)
        current = (self._directory / CURRENT).resolve()
        for left in self._directory.glob(f"{_PREFIX}*"):
            if left.resolve() != current:
                shutil.rmtree(left)

    def _read(self, path: Path) -> str:
        with reached(self._directory), contextlib.suppress(FileNotFoundError):
            return path.read_text(encoding="utf-8", errors="replace")
        return ""


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """What stands in a folder is durable once the folder is."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
