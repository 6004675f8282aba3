"""CHANGELOG.md has an entry for the version in pyproject.toml, in the form of Keep a Changelog."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.checks.problem import ROOT, Problem, line_of

CHANGELOG = "CHANGELOG.md"
GROUPS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_VERSION = re.compile(r"^## \[([^\]]+)\](?: - (.*))?$", re.MULTILINE)


def problems(root: Path = ROOT) -> Iterator[Problem]:
    """A missing version, a heading that is none, a group that does not exist."""
    path = root / CHANGELOG
    if not path.is_file():
        yield Problem(CHANGELOG, 1, "is missing: write what each version brings")
        return
    text = path.read_text(encoding="utf-8")
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    headings = {match[1]: match for match in _VERSION.finditer(text)}
    if version not in headings:
        found = ", ".join(headings) or "none"
        yield Problem(
            CHANGELOG, 1, f"has no `## [{version}] - unreleased` (or a day), the version of pyproject: {found}"
        )
    for match in headings.values():
        if match[1] != "Unreleased" and not re.fullmatch(r"\d{4}-\d{2}-\d{2}|unreleased", match[2] or ""):
            yield Problem(CHANGELOG, line_of(text, match.start()), "wants ` - YYYY-MM-DD` or ` - unreleased` behind it")
    for match in re.finditer(r"^### (.*)$", text, re.MULTILINE):
        if match[1] not in GROUPS:
            what = f"{match[1]!r} is no group of Keep a Changelog: one of {', '.join(GROUPS)}"
            yield Problem(CHANGELOG, line_of(text, match.start()), what)
