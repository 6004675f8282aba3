"""A folder of files that a receiving body's own program reads, with those of somebody else beside ours."""

from collections.abc import Mapping
from pathlib import Path


class Folder:
    """`theirs`: what somebody else keeps there, by name."""

    def __init__(self, path: Path, theirs: Mapping[str, str]) -> None:
        self.folder, self._theirs = path, theirs

    def put_foreign(self) -> None:
        self.folder.mkdir(exist_ok=True)
        for name, text in self._theirs.items():
            (self.folder / name).write_text(text)

    def foreign(self) -> str:
        return str([(name, (self.folder / name).read_text()) for name in self._theirs])

    def traces(self) -> str:
        return "".join(f"{path.name}: {path.read_text()}" for path in self.ours())

    def ours(self) -> list[Path]:
        """Every file that is not theirs."""
        return sorted(path for path in self.folder.glob("**/*") if path.name not in self._theirs)
