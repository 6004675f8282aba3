"""What protos/README.md says is not served is what the server does not serve."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from registry.rpc.binder import unserved
from registry.services import build
from tests.checks.problem import ROOT, Problem, line_of

README = "protos/README.md"
HEADING = "## Not served yet"


def not_served() -> set[str]:
    """Methods without a use case. The services are asked for their methods only, so no store is needed."""
    return set(unserved(build(cast("Any", None))))


def problems(methods: Iterable[str], root: Path = ROOT) -> Iterator[Problem]:
    """Methods that are listed and served, or neither."""
    path = root / README
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    start = text.find(HEADING)
    if start < 0:
        yield Problem(README, 1, f"has no section {HEADING!r}: list there what answers UNIMPLEMENTED")
        return
    end = text.find("\n## ", start + 1)
    listed = {match[1]: line_of(text, match.start()) for match in _methods(text, start, end)}
    here = line_of(text, start)
    for method in sorted(set(methods) - listed.keys()):
        yield Problem(README, here, f"`{method}` is not served: list it below {HEADING!r}")
    for method in sorted(listed.keys() - set(methods)):
        yield Problem(README, listed[method], f"`{method}` is served, or not in the contract: take it off the list")


def _methods(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    names = re.compile(r"`([A-Z][a-z]+[A-Z][A-Za-z]+)`")
    return names.finditer(text, start, end if end > 0 else len(text))
