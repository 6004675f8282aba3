"""The contract: lint, no breaking change, generated code up to date, unserved methods, reasons and schemas as they say."""

import sys
from collections.abc import Iterator

from tests.checks import contract, reasons, schemas, served
from tests.checks.problem import Problem, report


def problems() -> Iterator[Problem]:
    """Everything that is wrong with the contract."""
    yield from contract.lint()
    yield from contract.breaking(contract.baseline())
    yield from contract.generated()
    yield from served.problems(served.not_served())
    yield from reasons.problems()
    yield from schemas.problems()


if __name__ == "__main__":
    sys.exit(report(f"protos (compatible with {contract.baseline()[:12]})", problems()))
