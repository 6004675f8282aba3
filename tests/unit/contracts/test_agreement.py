"""Our engine says what `buf breaking` says, on what others publish and on what people do to it."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from registry.contracts import protobuf
from tests.unit.contracts import buf
from tests.unit.contracts.changes import CHANGES
from tests.unit.contracts.places import Nowhere
from tests.unit.contracts.public_sets import PACKAGES, XDS, parsed, public

SEEDS, PLACES, AT_ONCE, SEVERAL = 12, 2, 5, 25
# Where we differ, and why.
DIFFERENT = {
    # Files of google/protobuf/ come with every runtime: nobody who publishes a service can take them away.
    "protobuf: delete_file": ["only buf's: FILE_NO_DELETE x1"],
}


@dataclass(frozen=True, slots=True)
class Case:
    """A set, and what it became."""

    name: str
    before: bytes
    after: bytes


def changed(package: str, names: list[str], seed: object) -> bytes | None:
    """The set after the changes, each at a place that the seed decides; None where that leaves no set."""
    files, rng = parsed(public(package)), random.Random(f"{names} {seed}")  # noqa: S311 - the same each time
    try:
        for name in names:
            CHANGES[name](rng, files)
    except Nowhere:
        return None
    content = files.SerializeToString(deterministic=True)
    return None if protobuf.read(content) else content


def first(package: str, names: list[str]) -> Iterator[Case]:
    """The first seed that leaves a set, if any does."""
    made = ((seed, changed(package, names, seed)) for seed in range(SEEDS))
    found = next(((seed, each) for seed, each in made if each is not None), None)
    if found:
        yield Case(f"{package}: {' '.join(names)}", public(package), found[1])


def single() -> list[Case]:
    """Every change in some of the packages that have a place for it, not always in the same ones."""
    cases = []
    for number, name in enumerate(CHANGES):
        packages = list(PACKAGES)
        turned = packages[number % len(packages) :] + packages[: number % len(packages)]
        cases += islice((case for package in turned for case in first(package, [name])), PLACES)
    return cases


def several() -> list[Case]:
    rng = random.Random("several")  # noqa: S311 - the same each time
    draws = [(rng.choice(list(PACKAGES)), rng.sample(list(CHANGES), AT_ONCE)) for _ in range(300)]
    return list(islice((case for package, names in draws for case in first(package, names)), SEVERAL))


def difference(case: Case, folder: Path) -> list[str]:
    verdict = protobuf.compare(case.before, case.after)
    assert not verdict.omitted
    return buf.unmatched(
        buf.breaking(case.before, case.after, folder), [each for each in verdict.findings if each.breaking]
    )


def differences(cases: list[Case], folder: Path) -> dict[str, list[str]]:
    folders = [folder / str(number) for number in range(len(cases))]
    for each in folders:
        each.mkdir()
    with ThreadPoolExecutor(max_workers=4) as workers:
        found = list(workers.map(difference, cases, folders))
    return {case.name: each for case, each in zip(cases, found, strict=True) if each}


def test_every_change_is_judged_as_buf_judges_it(tmp_path: Path) -> None:
    cases = single()
    assert {case.name.partition(": ")[2] for case in cases} == set(CHANGES)
    assert {case.name.partition(": ")[0] for case in cases} == set(PACKAGES)
    assert len(cases) >= 90
    known = {name: what for name, what in DIFFERENT.items() if name in {case.name for case in cases}}
    assert differences(cases, tmp_path) == known
    assert known == DIFFERENT, "a difference that is not tried is no difference"


def test_several_changes_at_once_are_judged_as_buf_judges_them(tmp_path: Path) -> None:
    cases = several()
    assert len(cases) == SEVERAL
    assert differences(cases, tmp_path) == {}


def test_changes_of_what_gateways_are_told_by_are_judged_as_buf_judges_them(tmp_path: Path) -> None:
    """Every third change: the set is large, and buf reads it anew for each."""
    cases = [case for name in list(CHANGES)[::3] for case in first(XDS, [name])]
    assert len(cases) >= 12
    assert differences(cases, tmp_path) == {}


@pytest.mark.parametrize("package", [*PACKAGES, XDS])
def test_a_set_can_take_its_own_place(package: str) -> None:
    verdict = protobuf.compare(public(package), public(package))
    assert (list(verdict.findings), verdict.omitted) == ([], 0)
