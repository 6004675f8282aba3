"""Commands in documents are held against the Makefile and the programs themselves."""

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from tests.checks import commands
from tests.unit.checks.conftest import Write

DOCUMENT = """# Use

make sure that you have `make`. Then `make demo ARGS=--once`, or `gemensam list offerings --json`.

```bash
$ make check && gemensam serve --data folder | tee log
GEMENSAM_WEB_ADDRESS= gemensam ledger verify
gemensam list \\
  --json
```
"""


@pytest.fixture
def program() -> Any:
    app, ledger = typer.Typer(), typer.Typer()
    app.add_typer(ledger, name="ledger")

    @app.command()
    def serve(data: Annotated[str, typer.Option()] = "") -> None: ...

    @app.command("list")
    def list_(noun: str = "", json: Annotated[bool, typer.Option("--json")] = False) -> None: ...

    @ledger.command()
    def verify() -> None: ...

    return typer.main.get_command(app)


@pytest.fixture(autouse=True)
def base(write: Write) -> None:
    write("Makefile", "demo: ## Show\n\ttrue\ncheck:\n\ttrue\n")
    write("README.md", DOCUMENT)


def test_what_exists_is_right(project: Path, program: Any) -> None:
    assert list(commands.problems({"gemensam": program}, project)) == []


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ("`make demos`", "demos"),
        ("`gemensam lists offerings`", "lists"),
        ("`gemensam ledger check`", "verify"),
        ("`gemensam list offerings --yaml`", "--json"),
        ("`.venv/bin/gemensam serves`", "serve"),
        ("`make demo && gemensam lists`", "lists"),
    ],
)
def test_what_does_not_exist_is_found(project: Path, write: Write, program: Any, wrong: str, word: str) -> None:
    write("README.md", f"{DOCUMENT}\n{wrong}\n")
    (problem,) = commands.problems({"gemensam": program}, project)
    assert (problem.path, problem.line) == ("README.md", 12)
    assert word in problem.what


def test_a_promised_program_that_is_not_there_is_found(project: Path, write: Write) -> None:
    write("pyproject.toml", '[project]\nname = "x"\n\n[project.scripts]\ngemensam = "no.such.room:main"\n')
    (problem,) = commands.problems(commands.programs(project), project)
    assert (problem.path, problem.line) == ("pyproject.toml", 5)
    assert "no.such.room" in problem.what
