"""Each rule speaks where it should and nowhere else, and `buf breaking` says the same of every case."""

from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from registry.api.v1.verdict_pb2 import InterfaceVerdict, VerdictOutcome, VersionStep
from registry.contracts import protobuf
from registry.contracts.protobuf import building as descriptors_build
from registry.contracts.protobuf.rules import RULES
from tests.unit.contracts import buf
from tests.unit.contracts.rule_cases import CASES, SAME, Case

Sets = tuple[bytes, bytes]


def text(package: str, header: str, body: str) -> str:
    """A whole file: with the header, and the package, unless the body has its own."""
    whole = body if body.startswith(("syntax", "edition")) else header + body
    if "package" not in whole:
        head, _, rest = whole.partition(";")
        whole = f"{head}; package {package};{rest}"
    return whole.replace("@", package)


def write(folder: Path, stem: str, header: str, body: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{stem}.proto").write_text(text(stem, header, body))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """All cases, as they were and as they are."""
    old, new = tmp_path_factory.mktemp("before"), tmp_path_factory.mktemp("after")
    for number, case in enumerate(CASES):
        for folder, body, gone in ((old, case.before, "FILE_ADDED"), (new, case.after, "FILE_NO_DELETE")):
            if case.rule != gone:
                write(folder, f"case{number}", case.header, body)
    for number, (_, before, after, header) in enumerate(SAME):
        write(old, f"same{number}", header, before)
        write(new, f"same{number}", header, after)
    return old, new


@pytest.fixture(scope="module")
def sets(folders: tuple[Path, Path]) -> Sets:
    """Both sets; compiled once."""
    old, new = map(descriptors_build.build, folders)
    return old, new


def only(content: bytes, path: str) -> bytes:
    """One file of a set, with what the runtime brings, and beside a file that never changes."""
    whole = FileDescriptorSet.FromString(content)
    kept = [each for each in whole.file if each.name in {path, "same0.proto"} or each.name.startswith("google/")]
    return FileDescriptorSet(file=kept).SerializeToString()


def verdict(sets: Sets, stem: str) -> InterfaceVerdict:
    before, after = (only(each, f"{stem}.proto") for each in sets)
    return protobuf.compare(before, after)


@pytest.mark.parametrize(
    ("number", "case"), list(enumerate(CASES)), ids=[f"{n}-{each.rule}" for n, each in enumerate(CASES)]
)
def test_the_rule_speaks(sets: Sets, number: int, case: Case) -> None:
    found = verdict(sets, f"case{number}")
    assert sorted(each.rule for each in found.findings) == sorted([case.rule, *case.also])
    (own,) = [each for each in found.findings if each.rule == case.rule]
    assert own.path == case.path.replace("@", f"case{number}")
    assert own.breaking == RULES[case.rule].breaking
    assert "{" not in own.text
    breaks = any(RULES[each].breaking for each in [case.rule, *case.also])
    expected = (VerdictOutcome.VERDICT_OUTCOME_BREAKING, VersionStep.VERSION_STEP_MAJOR)
    fine = (VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE, VersionStep.VERSION_STEP_MINOR)
    assert (found.outcome, found.demands) == (expected if breaks else fine)


@pytest.mark.parametrize(("number", "name"), list(enumerate(each[0] for each in SAME)))
def test_no_rule_speaks_of(sets: Sets, number: int, name: str) -> None:
    found = verdict(sets, f"same{number}")
    assert list(found.findings) == [], name
    assert found.outcome == VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE
    assert found.demands == VersionStep.VERSION_STEP_PATCH


def test_every_rule_of_the_table_has_a_case() -> None:
    assert {each.rule for each in CASES} == set(RULES)


def test_the_table_has_every_rule_of_bufs_category() -> None:
    listed = buf.rules("FILE")
    assert {rule for rule, known in RULES.items() if known.breaking} == listed
    assert not any(rule.endswith("_ADDED") for rule in listed)


def test_buf_says_the_same_of_all_cases(sets: Sets, tmp_path: Path) -> None:
    ours = [each for number in range(len(CASES)) for each in verdict(sets, f"case{number}").findings if each.breaking]
    assert buf.unmatched(buf.breaking(*sets, tmp_path), ours) == []
