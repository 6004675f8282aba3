"""Threat 21: definition files that grow when they are read, by aliases, depth, size or number."""

import tracemalloc
from pathlib import Path

import pytest

from registry import definitions
from registry.contracts import compose
from registry.definitions.sources import MAX_BYTES
from tests.integration.cli.program import gemensam

MOST = (
    MAX_BYTES + 1_000_000
)  # bytes of memory at the peak of reading a small file: what is read at once, and little else
TOP = "apiVersion: gemensam/v1\nkind: Capability\nmetadata: {name: capabilities/a}\nspec: {title: {sv: T}}\n"


def bomb(levels: int, wide: int, head: str = "") -> str:
    """Each level names the one before it several times."""
    lines = [f"a0: &a0 {['x'] * wide}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * wide)}]" for n in range(1, levels)]
    return head + "\n".join(lines) + "\n"


BOMBS = {
    "a billion laughs": bomb(10, 10),
    "in a text that is taken": TOP.replace("{title: {sv: T}}", "\n  title: {sv: *a9}\n") + bomb(10, 10),
    "of a mapping that holds itself": "a: &a {b: *a}\n",
    "by merging": "a: &a {x: y}\nb: {<<: [*a, *a, *a]}\n",
    "in a key": "? &a [x]\n: y\n? *a\n: z\n",
    "in a second document": f"{TOP}---\n{bomb(6, 9)}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_threat_21_an_alias_is_refused_where_it_stands_and_never_followed(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text(BOMBS[name], encoding="utf-8")
    tracemalloc.start()
    try:
        found = definitions.read([str(path)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert any("Anchors (&) are not read" in each.message for each in found.problems)
    assert any("Aliases (*) are not read" in each.message for each in found.problems)
    assert peak < MOST


def test_threat_21_the_command_refuses_it_and_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "bomb.yaml").write_text(BOMBS["a billion laughs"], encoding="utf-8")
    for command in ("validate", "diff", "apply"):
        done = gemensam(command, tmp_path, GEMENSAM_GRPC_ADDRESS="127.0.0.1:1")
        assert (done.code, done.out) == (1, "")
        assert "bomb.yaml:1:5: Anchors (&) are not read" in done.err
    over = gemensam("validate", "-", "--overlay", tmp_path, stdin=TOP)
    assert (over.code, "bomb.yaml:1:5: Anchors (&) are not read" in over.err) == (1, True)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "".join(f"{' ' * n}a:\n" for n in range(1000)), "? " * 100_000],
)
def test_threat_21_depth_ends_at_its_limit_however_much_is_below(tmp_path: Path, text: str) -> None:
    (tmp_path / "deep.yaml").write_text(text, encoding="utf-8")
    (problem,) = definitions.read([str(tmp_path / "deep.yaml")]).problems
    ours, the_parser = f"nested more than {compose.DEPTH} levels deep", "exceeded maximum nesting depth"
    assert ours in problem.message or the_parser in problem.message


@pytest.mark.parametrize(("depth", "refused"), [(compose.DEPTH, False), (compose.DEPTH + 1, True)])
def test_threat_21_the_limit_of_depth(tmp_path: Path, depth: int, refused: bool) -> None:
    (tmp_path / "deep.yaml").write_text(f"{'[' * depth}{']' * depth}\n", encoding="utf-8")
    found = definitions.read([str(tmp_path / "deep.yaml")])
    assert ("nested more than" in str(found.problems)) is refused


@pytest.mark.parametrize(("size", "refused"), [(MAX_BYTES, False), (MAX_BYTES + 1, True)])
def test_threat_21_the_limit_of_size(tmp_path: Path, size: int, refused: bool) -> None:
    (tmp_path / "long.yaml").write_text(f"{TOP}# ".ljust(size, "x"), encoding="utf-8")
    found = definitions.read([str(tmp_path / "long.yaml")])
    assert ("more than 4194304 bytes" in str(found.problems)) is refused
    assert len(found.items) == (not refused)


@pytest.mark.parametrize(("more", "refused"), [(0, False), (1, True)])
def test_threat_21_the_limit_of_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int, refused: bool
) -> None:
    monkeypatch.setattr(compose, "NODES", 100)  # what is counted does not depend on how far
    items = "".join(["- x\n"] * (99 + more))  # and the list itself
    (tmp_path / "many.yaml").write_text(items, encoding="utf-8")
    found = definitions.read([str(tmp_path / "many.yaml")])
    assert ("more than 100 keys and values" in str(found.problems)) is refused


def test_threat_21_a_file_full_of_faults_ends_at_the_limit_of_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "NODES", 1000)
    (tmp_path / "many.yaml").write_text("- *a\n" * 100_000, encoding="utf-8")
    found = definitions.read([str(tmp_path / "many.yaml")])
    assert len(found.problems) == 1001
    assert "more than 1000 keys and values" in str(found.problems[-1])
