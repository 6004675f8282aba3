"""What a check finds: where, and what would be right."""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """A place, and a sentence that says what is wrong and what would be right."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        """`path:line: what`, as editors read it."""
        return f"{self.path}:{self.line}: {self.what}"


def report(name: str, found: Iterable[Problem]) -> int:
    """Print the problems; the exit code."""
    problems = sorted(set(found))
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    sys.stdout.write(f"{name}: {len(problems)} problems\n" if problems else f"{name}: ok\n")
    return 1 if problems else 0


def line_of(text: str, position: int) -> int:
    """The line of a position in a text."""
    return text.count("\n", 0, position) + 1


def git(*arguments: str, root: Path = ROOT) -> str:
    """What git says. Errors: CalledProcessError outside a clone, with git's own words on stderr."""
    done = subprocess.run(["git", *arguments], cwd=root, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def files(*suffixes: str, root: Path = ROOT) -> list[str]:
    """Files of the project, committed or about to be, that end in one of the suffixes."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", root=root).split("\0")
    return sorted(name for name in listed if name.endswith(suffixes) and (root / name).is_file())
