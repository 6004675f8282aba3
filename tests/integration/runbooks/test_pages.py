"""What can be known of runbooks without following them: they speak of alerts that exist, and none goes without a page."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checks.problem import ROOT
from tests.integration.cli.program import Done
from tests.integration.runbooks.book import BOOKS, Book, sections

ALERTS: Any = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
NAMES = {rule["alert"]: rule["labels"]["severity"] for group in ALERTS["groups"] for rule in group["rules"]}
PAGES = sorted(page for page in BOOKS.glob("*.md") if page.name != "README.md")
# Alerts that are no trouble of these six: how calls and readers are looked into is in docs/operations.md.
ELSEWHERE = {"GemensamFeedLags", "GemensamMatcherLags"}


def test_the_table_has_every_page() -> None:
    listed = set(re.findall(r"\]\(([a-z-]+\.md)\)", (BOOKS / "README.md").read_text(encoding="utf-8")))
    assert listed == {page.name for page in PAGES}


def test_alerts_that_wake_somebody_have_a_page_and_no_page_names_another() -> None:
    told = {name for page in PAGES for name in re.findall(r"`(Gemensam[A-Z]\w+)`", page.read_text(encoding="utf-8"))}
    assert told <= set(NAMES)
    assert {name for name, severity in NAMES.items() if severity == "page"} - told == ELSEWHERE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_says_how_it_begins_what_it_means_and_when_it_is_over(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "**You notice**:" in text
    assert "**It means**:" in text
    assert sections(text)["Over when"]
    assert set(re.findall(r"^```(.*)$", text, re.MULTILINE)) == {"bash", ""}


def test_a_command_that_ends_otherwise_than_the_page_says_is_found() -> None:
    book = Book("disk-full", lambda _command, _environment: Done(2, "", "No such option"))
    with pytest.raises(AssertionError, match=r"disk-full\.md:\d+: curl|disk-full\.md:\d+: df"):
        book.follow("Once there is room")
