"""Files stay short enough to be read: 300 lines, and 150 for the README."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.checks.problem import ROOT, Problem, files

LINES, README_LINES = 300, 150
READ = (".py", ".proto", ".md", ".yaml", ".yml", ".toml", "Makefile")
GENERATED = "registry/api/"
# Longer, and why.
LONGER: Mapping[str, str] = {
    "docs/events/asyncapi.yaml": "one contract, one file, so that tools read it as it is",
    "protos/registry/api/v1/offering_service.proto": "one service, one file; half of it is comments",
    "protos/registry/api/v1/onboarding_service.proto": "one service, one file; half of it is comments",
}


def problems(root: Path = ROOT) -> Iterator[Problem]:
    """Files that are too long, and exceptions that are not needed any more."""
    for name in files(*READ, root=root):
        if name.startswith(GENERATED):
            continue
        lines = len((root / name).read_text(encoding="utf-8").splitlines())
        most = README_LINES if name == "README.md" else LINES
        if lines > most and name not in LONGER:
            yield Problem(name, most + 1, f"has {lines} lines, at most {most} are wanted: divide it by subject")
        if lines <= most and name in LONGER:
            yield Problem(name, 1, f"has {lines} lines: take it off LONGER in tests/checks/sizes.py")
