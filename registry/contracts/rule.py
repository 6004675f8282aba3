"""A rule: its name, how binding it is and what would be right; and the findings that a table of rules makes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from registry.api.v1.verdict_pb2 import LintFinding, LintSeverity
from registry.domain.problem import quoted

SKALL, BOR = LintSeverity.LINT_SEVERITY_SKALL, LintSeverity.LINT_SEVERITY_BOR
MOST = 200  # findings, `Release.lint`
Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One place that does not keep a rule. `what` is a sentence."""

    path: str
    what: str


@dataclass(frozen=True, slots=True)
class Rule(Generic[Subject]):
    """`right` is the sentence that says what would be right; `check` tells what is wrong, and never raises."""

    id: str
    severity: "LintSeverity.ValueType"
    right: str
    check: Callable[[Subject], Iterable[Wrong]]


def findings(rules: Sequence[Rule[Subject]], subject: Subject) -> list[LintFinding]:
    """What does not keep the rules: SKALL before BÖR, then in the order of the rules and of the subject; at most 200.

    Where there are more, every rule gives its first finding before any gives its second: none hides another.
    """
    found = [
        (rule.severity, turn, number, wrong)
        for number, rule in enumerate(rules)
        for turn, wrong in enumerate(islice(_once(rule.check(subject)), MOST))
    ]
    kept = sorted(found, key=lambda each: each[:3])[:MOST]
    kept.sort(key=lambda each: (each[0], each[2], each[1]))
    return [_finding(rules[number], wrong) for _, _, number, wrong in kept]


def listed(names: Iterable[str]) -> str:
    """'a', 'b' and 'c'."""
    *first, last = [quoted(name) for name in names]
    return f"{', '.join(first)} and {last}" if first else last


def _once(wrongs: Iterable[Wrong]) -> Iterator[Wrong]:
    seen: set[Wrong] = set()
    for each in wrongs:
        if each not in seen:
            seen.add(each)
            yield each


def _finding(rule: Rule[Subject], wrong: Wrong) -> LintFinding:
    return LintFinding(rule=rule.id, severity=rule.severity, path=wrong.path, text=f"{wrong.what} {rule.right}")
