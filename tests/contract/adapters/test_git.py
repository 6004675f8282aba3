"""A git repository beyond the suite: one commit for each change, none for no change, and somebody else in it."""

from pathlib import Path
from typing import Any

import pytest

from subscribers.adapter import AdapterError, Upstream
from subscribers.adapters.git import GitAdapter
from subscribers.conformance import bring, holds, service
from subscribers.rehearsal import published, rehearsal
from tests.contract.adapters.channels import GitTarget, git

HERE = Upstream("https", "service.example.se", 443, "", ("93.184.216.34",))


@pytest.fixture
def target(tmp_path: Path) -> GitTarget:
    """A repository that is not there yet."""
    return GitTarget(tmp_path, HERE)


@pytest.fixture
def adapter(target: GitTarget) -> GitAdapter:
    """An adapter for it."""
    return GitAdapter(directory=str(target.repository))


def subjects(target: GitTarget) -> list[str]:
    """What the branch's commits say, the oldest first."""
    return git(target.repository, "log", "--reverse", "--format=%s", "main").splitlines()


def test_each_change_is_one_commit_that_says_what_it_is(target: GitTarget, adapter: GitAdapter) -> None:
    bring(adapter, [service(0, HERE), service(1, HERE)])
    bring(adapter, [service(0, HERE, "2.0.0")])
    assert subjects(target) == [
        "Add organisations/b/subscriptions/s0: offerings/s0/releases/1.0.0",
        "Add organisations/b/subscriptions/s1: offerings/s1/releases/1.0.0",
        "Change organisations/b/subscriptions/s0: offerings/s0/releases/1.0.0 -> offerings/s0/releases/2.0.0",
        "Remove organisations/b/subscriptions/s1",
    ]


def test_a_diff_shows_what_changed_and_nothing_else(target: GitTarget, adapter: GitAdapter) -> None:
    bring(adapter, [service(0, HERE)])
    bring(adapter, [service(0, HERE, "2.0.0")])
    lines = git(target.repository, "show", "--format=", "--unified=0", "main").splitlines()
    assert [line for line in lines if line[:1] in "+-" and line[:3] not in {"+++", "---"}] == [
        '-  "release": "offerings/s0/releases/1.0.0",',
        '+  "release": "offerings/s0/releases/2.0.0",',
    ]


def test_passes_over_a_state_that_does_not_change_make_no_commit(target: GitTarget, adapter: GitAdapter) -> None:
    with rehearsal(target.options, HERE) as (state, reconciler, _found):
        for revision in range(1, 6):
            state.take(published(service(0, HERE), revision=revision))
            reconciler.run()
    first = bring(adapter, [service(0, HERE), service(1, HERE)])
    for _ in range(3):
        adapter.apply(first)
    assert len(subjects(target)) <= 2
    holds(adapter, [service(0, HERE), service(1, HERE)])


def test_what_somebody_pushes_is_kept_or_repaired(target: GitTarget, adapter: GitAdapter) -> None:
    target.put_foreign()
    bring(adapter, [service(0, HERE)])
    tree = git(target.repository, "rev-parse", "main~1^{tree}").strip()
    undone = git(target.repository, "commit-tree", tree, "-p", "main", "-m", "By hand").strip()
    git(target.repository, "update-ref", "refs/heads/main", undone)
    assert dict(adapter.observe()) == {}
    bring(adapter, [service(0, HERE)])
    holds(adapter, [service(0, HERE)])
    assert subjects(target)[-2:] == ["By hand", "Add organisations/b/subscriptions/s0: offerings/s0/releases/1.0.0"]
    assert "README" in target.foreign()


def test_a_file_that_somebody_empties_is_repaired_and_leaves_with_its_service(
    target: GitTarget, adapter: GitAdapter
) -> None:
    services = [service(0, HERE), service(1, HERE)]
    bring(adapter, services)
    blob = git(target.repository, "hash-object", "-w", "--stdin").strip()
    entries = "".join(f"100644 blob {blob}\tb.s{n}.gemensam.json\n" for n in range(2))
    inner = git(target.repository, "mktree", given=entries).strip()
    tree = git(target.repository, "mktree", given=f"040000 tree {inner}\tservices\n").strip()
    emptied = git(target.repository, "commit-tree", tree, "-p", "main", "-m", "By hand").strip()
    git(target.repository, "update-ref", "refs/heads/main", emptied)
    assert adapter.probe_gone(services[1]).reason
    assert [step.action for step in bring(adapter, services[:1]).steps] == ["change", "remove"]
    holds(adapter, services[:1])
    assert target.traces().count("\n") == 1


def test_a_place_that_is_no_bare_repository_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("theirs")
    with pytest.raises(AdapterError, match=str(tmp_path)):
        GitAdapter(directory=str(tmp_path)).check()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("words", [{"author": "x\ncommit refs/heads/evil"}, {"branch": "../x"}, {"branch": "-x"}])
def test_a_branch_or_author_that_git_would_read_otherwise_is_refused(tmp_path: Path, words: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        GitAdapter(directory=str(tmp_path), **words)


def test_a_repository_that_is_at_the_same_time_written_to_loses_nothing(target: GitTarget, adapter: GitAdapter) -> None:
    """Both bring the same; whoever comes second finds it there."""
    other = GitAdapter(directory=str(target.repository))
    services = [service(n, HERE) for n in range(5)]
    late = bring(adapter, services[:1])
    bring(other, services)
    adapter.apply(late)
    holds(adapter, services)
    assert len(subjects(target)) == len(services)
