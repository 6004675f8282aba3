"""The notice board passes the public suite. For a product of your own, the `Target` starts the real thing."""  # noqa: INP001 - tests, no package

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from subscribers.adapter import MARK, Upstream
from subscribers.conformance import CHECKS, run

THEIRS = "A line of somebody else\n"


class Board:
    """The target as others see it: written to and looked at without the adapter."""

    upstream = Upstream("http", "127.0.0.1", 8080, "", ("127.0.0.1",))  # a gateway's test has a service that answers

    def __init__(self, folder: Path) -> None:
        self._file = folder / "board.jsonl"
        self.options: Mapping[str, Any] = {"kind": "notice_board", "directory": str(folder)}

    def put_foreign(self) -> None:
        """Something of somebody else, without our mark."""
        self._file.write_text(THEIRS)

    def foreign(self) -> str:
        """What others have in it."""
        return THEIRS if THEIRS in self._file.read_text() else ""

    def traces(self) -> str:
        """Anything by which ours could be told to have been there."""
        files = sorted(self._file.parent.iterdir())
        left = [each.name for each in files if each != self._file]
        return "".join([*(line for each in files for line in each.read_text().splitlines() if MARK in line), *left])

    def is_valid(self) -> bool:
        """Whether the target's own program takes it: here, that each line is printable."""
        return not self._file.exists() or all(line.isprintable() for line in self._file.read_text().splitlines())


@pytest.mark.parametrize("check", CHECKS)
def test_conforms(check: str, tmp_path: Path) -> None:
    """One check of the suite against a board of its own."""
    run(check, Board(tmp_path))
