"""Every rule has a source and a sentence, stands in the docs, and is met by a change in the tables."""

from collections.abc import Iterator

import pytest

from registry.contracts.documents.rules import ALL, Rule, table
from tests.checks.problem import ROOT
from tests.unit.contracts.cases import cases


def shown() -> Iterator[str]:
    for case in [*cases("openapi_*.yaml", "expect"), *cases("asyncapi.yaml", "expect")]:
        yield from case.expect["expect"][1]
    for name in ("numbers_and_texts", "objects_and_lists", "alternatives_and_references"):
        for case in cases(f"{name}.yaml", "request", "response"):
            yield from case.expect["request"][1] | case.expect["response"][1]


@pytest.mark.parametrize("rule", ALL.values(), ids=lambda rule: rule.id)
def test_a_rule_says_where_it_comes_from(rule: Rule) -> None:
    assert rule.citation.startswith(("JSON Schema", "OpenAPI", "AsyncAPI", "RFC"))
    assert rule.text.endswith(".")


def test_the_docs_have_the_table_of_the_code() -> None:
    assert table() in (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")


def test_the_tables_name_rules_that_exist() -> None:
    assert set(shown()) <= ALL.keys()


def test_the_tables_show_the_rules() -> None:
    assert ALL.keys() - set(shown()) == set()
