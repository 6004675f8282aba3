"""One contract by itself: whether it can be read as what it says, and which rules it does not keep."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.api.v1.verdict_pb2 import LintFinding


@dataclass(frozen=True, slots=True)
class Examined:
    """`problem` says why it cannot be read; '' when it can."""

    problem: str
    lint: Sequence[LintFinding] = ()
