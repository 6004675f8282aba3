"""Several files that hold the blocks of each service, seen as one text for each: what is planned with and written."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from subscribers.adapters import blocks
from subscribers.adapters.generations import Generations

_HEAD = "--- "
Parts = Mapping[str, str]  # by file


class MarkedFiles:
    """The files `names` in a folder. Ours are the blocks between marks; all else in them stays as it is."""

    def __init__(self, directory: Path, names: Sequence[str]) -> None:
        self._names, self._generations = names, Generations(directory, names)

    def paths(self) -> list[Path]:
        """Where a gateway finds the files."""
        return [self._generations.path(name) for name in self._names]

    def prepare(self) -> None:
        """Make the folder and files, where they are missing."""
        self._generations.prepare({})

    def texts(self) -> Mapping[str, str]:
        """The files as they are."""
        return self._generations.read()

    def put_back(self, texts: Mapping[str, str]) -> None:
        """Make the files what they were."""
        self._generations.write(texts)

    def ours(self) -> dict[str, Parts]:
        """Ours by key, and for each by file."""
        found: dict[str, dict[str, str]] = {}
        for name, text in self.texts().items():
            for key, part in blocks.split(text)[0].items():
                found.setdefault(key, {})[name] = part
        return dict(found)

    def write(self, ours: Mapping[str, Parts]) -> None:
        """Make these ours, and leave the rest."""
        written = {}
        for name, text in self.texts().items():
            mine = {key: parts.get(name, "") for key, parts in ours.items()}
            written[name] = blocks.joined(mine, blocks.split(text)[1])
        self._generations.write(written)

    def shown(self, parts: Parts) -> str:
        """One text of a service's blocks; `parsed` reads it."""
        return "".join(f"{_HEAD}{name}\n{parts[name]}" for name in self._names if parts.get(name))

    def parsed(self, text: str) -> Parts:
        """The blocks in a text of `shown`."""
        found: dict[str, str] = {}
        for part in f"\n{text}".split(f"\n{_HEAD}")[1:]:
            name, _, content = part.partition("\n")
            found[name] = content if content.endswith("\n") else f"{content}\n"
        return found
