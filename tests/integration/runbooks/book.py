"""A runbook read as what it is, a list of commands under headings, each of which must be run and end as the page says."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.checks.markdown import parts
from tests.checks.problem import ROOT
from tests.integration.cli.program import Done

BOOKS = ROOT / "docs" / "runbooks"
_CODE = re.compile(r"\s#.*?\bexit code (\d+)")
Run = Callable[[str, dict[str, str]], Done]


@dataclass(frozen=True, slots=True)
class Step:
    """A command as it stands on a line of the page, and the code that it ends with there."""

    line: int
    command: str
    code: int


def sections(text: str) -> Mapping[str, list[Step]]:
    """The commands of a page by the heading that they stand under."""
    found: dict[str, list[Step]] = {}
    heading = ""
    for part in parts(text):
        if part.form == "heading":
            heading = part.text
        elif part.form == "line" and part.text.strip():
            code = _CODE.search(part.text)
            command = re.split(r"\s+# ", part.text)[0] if "printf" not in part.text else part.text
            found.setdefault(heading, []).append(Step(part.line, command.strip(), int(code[1]) if code else 0))
    return found


@dataclass
class Book:
    """A page that is being followed. `environment` is the shell's: what a step exports, later steps have."""

    name: str
    run_one: Run
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._left = dict(sections((BOOKS / f"{self.name}.md").read_text(encoding="utf-8")))

    def follow(self, heading: str) -> list[Done]:
        """Run the commands under a heading, one after the other. Fails at the first that ends otherwise."""
        return [self._step(each) for each in self._left.pop(heading)]

    def left(self) -> list[str]:
        """Headings whose commands were not run."""
        return list(self._left)

    def _step(self, step: Step) -> Done:
        done = self.run_one(step.command, self.environment)
        where = f"{Path(self.name)}.md:{step.line}: {step.command}"
        assert done.code == step.code, f"{where}\nended with {done.code}\n{done.out}\n{done.err}"
        return done
