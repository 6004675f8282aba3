"""Alerts and recording rules, by Prometheus' own tool: each alert fires when it should, and is silent before."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checks.problem import ROOT
from tests.components.prometheus import promtool

RULES = sorted((ROOT / "deploy" / "prometheus").glob("*.yml"))
CASES = sorted((Path(__file__).parent / "rules").glob("*.yml"))
ALERTS: Any = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
NAMES = [rule["alert"] for group in ALERTS["groups"] for rule in group["rules"]]


def run(*words: str | Path) -> str:
    """What the tool says; fails when it finds anything wrong."""
    done = subprocess.run([*promtool(), *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_rules_and_the_configuration_that_names_them_are_valid() -> None:
    assert len(RULES) == 2
    said = run("check", "config", ROOT / "deploy" / "prometheus.yml")
    assert said.count("rules found") == 2
    assert "SUCCESS" in run("check", "rules", *RULES)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_they_say_what_they_should_when_they_should(case: Path) -> None:
    assert "SUCCESS" in run("test", "rules", case)


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    cases: Any = yaml.safe_load((Path(__file__).parent / "rules" / "alerts.yml").read_text(encoding="utf-8"))
    tried = [each for case in cases["tests"] for each in case["alert_rule_test"]]
    assert {each["alertname"] for each in tried if each["exp_alerts"]} == set(NAMES)
    assert {each["alertname"] for each in tried if not each["exp_alerts"]} == set(NAMES)


def test_every_alert_is_explained_to_operators() -> None:
    told = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(Gemensam[A-Za-z]+)`", told)) == set(NAMES)
    assert {rule["labels"]["severity"] for group in ALERTS["groups"] for rule in group["rules"]} == {"page", "ticket"}
