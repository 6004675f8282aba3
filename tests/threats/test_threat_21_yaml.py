"""Threat 21: YAML whose aliases grow without end, and what else YAML can do that a contract has no use for."""

from collections.abc import Iterator

import psutil
import pytest

from registry.contracts.compare import compare, read
from registry.contracts.jail import Jail

YAML = "application/vnd.oai.openapi+yaml"
LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
HOSTILE = {
    "aliases": (LAUGHS, "Anchors"),
    "an alias to itself": ("a: &a [*a]", "Anchors"),
    "a merge key": ("b: &b {x: 1}\na: {<<: *b}", "Anchors"),
    "an object of Python": ("a: !!python/object/apply:os.system ['true']", "Tags"),
    "depth": ("[" * 3_000_000, "nest"),
    "depth in blocks": ("- " * 100_000, "nested more than 64"),
}


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    found = Jail()
    yield found
    found.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_threat_21_it_is_refused_with_the_reason(jail: Jail, name: str) -> None:
    text, problem = HOSTILE[name]
    assert problem in read(YAML, text.encode(), jail)
    assert problem in compare(YAML, text.encode(), YAML, b"openapi: 3.1.0", jail).reason


def test_threat_21_our_own_process_does_not_grow(jail: Jail) -> None:
    read(YAML, b"openapi: 3.1.0", jail)
    before = psutil.Process().memory_info().rss
    for text, _ in HOSTILE.values():
        read(YAML, text.encode(), jail)
    assert psutil.Process().memory_info().rss - before < 32 * 1024 * 1024


def test_threat_21_as_many_values_as_fit_into_a_contract_end(jail: Jail) -> None:
    assert "values" in read(YAML, b"a: [" + b"1," * 2_000_000 + b"1]", jail)
    assert read(YAML, b"openapi: 3.1.0\ninfo: {}", jail) == ""
