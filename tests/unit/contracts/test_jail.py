"""The process that reads contracts: it answers, it ends at its limits, and the next question is answered all the same."""

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from registry.api.v1.verdict_pb2 import VerdictOutcome, VersionStep
from registry.contracts import families
from registry.contracts.compare import check, compare, examine, read
from registry.contracts.jail import Ended, Jail
from registry.contracts.reading import load
from registry.domain.limits import SPEC_BYTES
from registry.errors import Invalid

OPENAPI = "application/vnd.oai.openapi+json"
SCHEMA = "application/schema+json"
UNKNOWN = VerdictOutcome.VERDICT_OUTCOME_UNKNOWN


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    found = Jail()
    yield found
    found.close()


def test_same_bytes_are_compatible_and_nothing_is_started() -> None:
    unused = Jail()
    verdict = compare("a/b", b"\xff", "c/d", b"\xff", unused)
    assert (verdict.outcome, verdict.demands) == (
        VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE,
        VersionStep.VERSION_STEP_PATCH,
    )
    assert unused.pid == 0


def test_a_verdict_comes_out_of_the_jail(jail: Jail) -> None:
    verdict = compare(SCHEMA, b'{"type": "string"}', SCHEMA, b'{"type": "integer"}', jail)
    assert verdict.outcome == VerdictOutcome.VERDICT_OUTCOME_BREAKING
    assert {each.path for each in verdict.findings} == {"/type"}


def test_the_process_waits_for_the_next_question(jail: Jail) -> None:
    read(SCHEMA, b"{}", jail)
    first = jail.pid
    read(SCHEMA, b"{}", jail)
    assert jail.pid == first != 0


def test_after_the_process_was_killed_the_next_question_is_answered(jail: Jail) -> None:
    read(SCHEMA, b"{}", jail)
    first = jail.pid
    os.kill(first, signal.SIGKILL)
    psutil.Process(first).wait()
    assert read(SCHEMA, b"{}", jail) == ""
    assert jail.pid != first


def test_what_makes_the_process_fail_is_a_problem_and_no_exception(jail: Jail) -> None:
    for what in (b"compare", b"nothing"):
        with pytest.raises(Ended, match="nobody expected"):
            jail.ask([what, b"only one"])
    assert read(SCHEMA, b"{}", jail) == ""


def test_an_answer_that_does_not_come_in_time_ends_the_process_and_all_that_it_started() -> None:
    hasty = Jail(seconds=0.0)
    verdict = compare(SCHEMA, b"{}", SCHEMA, b"true", hasty)
    assert verdict.outcome == UNKNOWN
    assert "longer than 0 seconds" in verdict.reason
    assert hasty.pid == 0


def test_many_threads_may_ask(jail: Jail) -> None:
    contents = [f'{{"type": "string", "maxLength": {number}}}'.encode() for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda each: compare(SCHEMA, contents[0], SCHEMA, each, jail), contents))
    assert [len(each.findings) for each in verdicts] == [0, *[2] * 7]


def test_the_process_has_neither_files_nor_environment_of_ours(tmp_path: Path) -> None:
    with (tmp_path / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        fresh = Jail()
        read(SCHEMA, b"{}", fresh)
        process = psutil.Process(fresh.pid)
        assert process.environ() == {}
        assert process.cwd() == "/"
        assert [each.path for each in process.open_files()] == []
        fresh.close()


@pytest.mark.parametrize(("size", "problem"), [(SPEC_BYTES, ""), (SPEC_BYTES + 1, f"more than {SPEC_BYTES} bytes")])
def test_the_size_of_a_contract(jail: Jail, size: int, problem: str) -> None:
    content = b"{}".ljust(size)
    assert problem in read(SCHEMA, content, jail)
    verdict = compare(SCHEMA, content, SCHEMA, b"{}", jail)
    assert (verdict.outcome == UNKNOWN) == bool(problem)
    assert problem in verdict.reason


def test_what_is_examined_is_read_and_held_against_the_rules(jail: Jail) -> None:
    found = examine(OPENAPI, b'{"openapi": "3.1.0", "info": {}}', jail)
    assert found.problem == ""
    assert "DOK.03" in {each.rule for each in found.lint}
    for content, problem in ((b"{", "is not JSON"), (b" " * (SPEC_BYTES + 1), "more than"), (b"{}", "under openapi")):
        found = examine(OPENAPI, content, jail)
        assert problem in found.problem
        assert not found.lint
    assert examine("application/pdf", b"%PDF", jail).problem == ""


def test_one_that_is_examined_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    monkeypatch.setattr(families, "load", lambda *asked: parsed.append(asked) or load(*asked))
    _, found = families.examine(OPENAPI, b'{"openapi": "3.1.0", "info": {}}')
    assert found.lint
    assert len(parsed) == 1


def test_rules_that_take_too_long_cost_their_findings_and_not_the_release() -> None:
    program = (
        "from registry.contracts import child, families\n"
        "child.CPU_SECONDS = 1\n"
        "warm_up = child._warm_up\n"
        "def then_slow():\n"
        "    warm_up()\n"
        "    families.profile = lambda document: sum(iter(int, 1))\n"
        "child._warm_up = then_slow\n"
        "child.serve()"
    )
    slow = Jail(command=(sys.executable, "-I", "-c", program))
    found = examine(OPENAPI, b'{"openapi": "3.1.0", "info": {}}', slow)
    slow.close()
    assert (found.problem, list(found.lint)) == ("", [])


def test_check_says_which_contract_and_what_is_wrong(jail: Jail) -> None:
    check(SCHEMA, b"{}", jail)
    with pytest.raises(Invalid) as caught:
        check(SCHEMA, b"{", jail)
    assert caught.value.reason == "CONTRACT_UNREADABLE"
    assert set(caught.value.metadata) == {"sha256", "problem"}
    assert "is not JSON" in caught.value.metadata["problem"]
