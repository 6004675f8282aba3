"""Shell completion is Typer's own, under the program's name."""

import pytest
from typer.testing import CliRunner

from registry.cli import app, nouns, reading
from tests.integration.cli.program import gemensam


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_for_the_program(shell: str) -> None:
    done = gemensam("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.code == 0
    assert "_GEMENSAM_COMPLETE" in done.out
    assert "gemensam" in done.out


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("gemensam l", {"ledger", "list"}),
        ("gemensam sea", {"search"}),
        ("gemensam search bygglov --pa", {"--page-size"}),
        ("gemensam ledger ", {"checkpoint", "compare", "key", "prove", "tail", "verify"}),
        ("gemensam import ", {"organisations"}),
        ("gemensam contract ", {"build", "compare", "reflect"}),
        ("gemensam rollout ", {"status"}),
        ("gemensam rollout status --ma", {"--max-laggards"}),
        ("gemensam list re", {"releases"}),
        ("gemensam apply --be", {"--best-effort"}),
    ],
)
def test_words_are_completed(words: str, offered: set[str]) -> None:
    parts = words.split(" ")
    done = gemensam(_GEMENSAM_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(parts) - 1))
    assert done.code == 0
    assert set(done.out.split()) == offered


@pytest.mark.parametrize(
    "command",
    [
        "",
        "serve",
        "migrate",
        "apply",
        "diff",
        "validate",
        "prune",
        "schema",
        "get",
        "list",
        "search",
        "watch",
        "ledger",
        "ledger verify",
        "ledger tail",
        "import organisations",
        "contract",
        "contract build",
        "contract reflect",
        "contract compare",
        "rollout",
        "rollout status",
        "export",
        "join",
        "backup",
        "restore",
        "version",
    ],
)
def test_every_command_explains_itself(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--help"], prog_name="gemensam")
    assert done.exit_code == 0
    assert f"Usage: {' '.join(['gemensam', *command.split()])} " in done.output


def test_every_kind_that_can_be_listed_is_offered() -> None:
    assert sorted(reading.KINDS) == sorted(nouns.plural(each) for each in nouns.COLUMNS)
