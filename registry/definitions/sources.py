"""Finds definition files: one, a folder of them, or standard input."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.domain.problem import Place, Problem

MAX_BYTES = 4 * 1024 * 1024
STDIN = "-"
_SUFFIXES = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class Source:
    """One file. `folder` is where it lies, `root` what was asked for; None for standard input."""

    name: str
    text: str
    folder: Path | None = None
    root: Path | None = None


def sources(paths: list[str], problems: list[Problem]) -> Iterator[Source]:
    """The files in a fixed order, each once. Notes what cannot be read."""
    seen: set[Path] = set()
    for given in paths:
        if given == STDIN:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
            if (text := _text("<stdin>", data, problems)) is not None:
                yield Source("<stdin>", text)
            continue
        path = Path(given)
        root = path if path.is_dir() else path.parent
        for file in _files(path, problems):
            if file.resolve() in seen:
                continue
            seen.add(file.resolve())
            text = _read(file, problems)
            if text is not None:
                yield Source(str(file), text, file.parent, root)


def _files(path: Path, problems: list[Problem]) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = [
        each for each in path.rglob("*") if each.suffix in _SUFFIXES and each.is_file() and not _hidden(each, path)
    ]
    if not found:
        problems.append(Problem(Place(str(path)), "There is no *.yaml or *.yml file in this folder."))
    return sorted(found, key=lambda each: each.parts)


def _hidden(file: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(root).parts)


def _read(file: Path, problems: list[Problem]) -> str | None:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        problems.append(Problem(Place(str(file)), f"The file cannot be read: {error.strerror}."))
        return None
    return _text(str(file), data, problems)


def _text(name: str, data: bytes, problems: list[Problem]) -> str | None:
    if len(data) > MAX_BYTES:
        problems.append(Problem(Place(name), f"The file has more than {MAX_BYTES} bytes; split it."))
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.append(Problem(Place(name, line), "The text is not UTF-8; save the file as UTF-8."))
        return None
