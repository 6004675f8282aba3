"""The documents: short, pointing at what exists, naming commands that exist, and true to the version."""

import sys
from collections.abc import Iterator

from tests.checks import changelog, commands, links, publiccode, sizes
from tests.checks.problem import Problem, report


def problems() -> Iterator[Problem]:
    """Everything that is wrong with the documents."""
    yield from sizes.problems()
    yield from links.problems()
    yield from commands.problems(commands.programs())
    yield from publiccode.problems()
    yield from changelog.problems()


if __name__ == "__main__":
    sys.exit(report("docs", problems()))
