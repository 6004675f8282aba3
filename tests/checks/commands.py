"""Commands that documents name exist: targets of the Makefile, commands and options of our programs."""

import importlib
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from tests.checks.markdown import Part, parts
from tests.checks.problem import ROOT, Problem, files, line_of

_MAKE = re.compile(r"(?:^|[\s;&|(])make((?:\s+[A-Z_]+=\S*)*\s+)([a-z][a-z-]*)")
_SEPARATORS = {"|", "||", "&&", ";", "&", ">", ">>", "<"}
PYPROJECT = "pyproject.toml"
Programs = Mapping[str, Any]


def programs(root: Path = ROOT) -> dict[str, Any]:
    """The command of every program in pyproject.toml, or the reason why it cannot be had."""
    project = tomllib.loads((root / PYPROJECT).read_text(encoding="utf-8"))["project"]
    return {name: _command(entry) for name, entry in project["scripts"].items()}


def _command(entry: str) -> Any:
    module, _, attribute = entry.partition(":")
    try:
        room = importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is wrong
        return f"{module} cannot be imported: {error}"
    start = getattr(room, attribute, None)
    rooms = (room, sys.modules.get(getattr(start, "__module__", ""), room))
    choices = (start, *(getattr(each, "app", None) for each in rooms))
    app = next((each for each in choices if isinstance(each, typer.Typer)), None)
    return typer.main.get_command(app) if app else f"{module} has no Typer application named app"


def problems(known: Programs, root: Path = ROOT) -> Iterator[Problem]:
    """Commands of every document that do not exist."""
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    for name, command in known.items():
        if isinstance(command, str):
            yield Problem(PYPROJECT, _line(name, root), f"promises the program {name}, and {command}")
    for document in files(".md", root=root):
        for part in parts((root / document).read_text(encoding="utf-8")):
            if part.form in {"line", "span"}:
                wrong = [*_targets(part, targets), *_calls(part, known)]
                yield from (Problem(document, part.line, what) for what in wrong)


def _line(name: str, root: Path) -> int:
    text = (root / PYPROJECT).read_text(encoding="utf-8")
    return line_of(text, text.index(f"\n{name} = ") + 1)


def _targets(part: Part, targets: set[str]) -> Iterator[str]:
    for match in _MAKE.finditer(part.text):
        if match[2] not in targets:
            yield f"`make {match[2]}` is not in the Makefile; it has {', '.join(sorted(targets))}"


def _calls(part: Part, known: Programs) -> Iterator[str]:
    words = _words(part.text)
    for place, word in enumerate(words):
        name = word.rsplit("/", 1)[-1]
        starts = place == 0 or words[place - 1] in _SEPARATORS | {"$", "exec", "watch"} or "=" in words[place - 1]
        if starts and name in known and not isinstance(known[name], str):
            yield from wrong(known[name], name, _until(words[place + 1 :]))


def _words(text: str) -> list[str]:
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
        lexer.wordchars += "[]{}@:,%"
        return list(lexer)
    except ValueError:  # a quote that is not closed: words are what stands between spaces
        return text.split()


def _until(words: list[str]) -> list[str]:
    end = next((place for place, word in enumerate(words) if word in _SEPARATORS), len(words))
    return words[:end]


def wrong(command: Any, path: str, words: list[str]) -> Iterator[str]:
    """What a call names that the command does not have."""
    commands: Mapping[str, Any] = getattr(command, "commands", {})
    for place, word in enumerate(words):
        if word.startswith("-") and word.strip("-"):
            options = {"--help", *(name for each in command.params for name in (*each.opts, *each.secondary_opts))}
            if word.partition("=")[0] not in options:
                yield f"`{path}` has no option {word.partition('=')[0]}; it has {', '.join(sorted(options))}"
        elif commands and re.fullmatch(r"[a-z][a-z0-9-]*", word):
            if word in commands:
                yield from wrong(commands[word], f"{path} {word}", words[place + 1 :])
            else:
                yield f"`{path} {word}` does not exist; there is {', '.join(sorted(commands))}"
            return
