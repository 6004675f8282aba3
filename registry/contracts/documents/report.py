"""Collects the differences of two contracts and says what they mean together."""

from registry.api.v1.verdict_pb2 import Finding, InterfaceVerdict, VerdictOutcome, VersionStep
from registry.contracts.documents.gap import Gap
from registry.contracts.documents.inclusion import Budget, Inclusion
from registry.contracts.documents.nodes import Node, Undecidable
from registry.contracts.documents.rules import EXCHANGE, SCHEMAS, UNDECIDED, Flow, Rule
from registry.contracts.documents.shape import Schema

FINDINGS = 200
_HIDDEN = {Flow.REQUEST: "readOnly", Flow.RESPONSE: "writeOnly"}


class Report:
    """What was found so far. `directed`: properties that are read-only or write-only count one way (OpenAPI)."""

    def __init__(self, *, directed: bool = False) -> None:
        self._budget, self._found = Budget(), dict[tuple[str, str, str, str], Finding]()
        self._runs = {
            (flow, harm): Inclusion((flow is Flow.REQUEST) is harm, _HIDDEN[flow] if directed else "", self._budget)
            for flow in Flow
            for harm in (True, False)
        }

    def note(self, rule: str, at: str, before: str = "", after: str = "") -> None:
        """A finding that is not about a schema."""
        self._add(EXCHANGE[rule], at, before, after, EXCHANGE[rule].text)

    def unsure(self, at: str, why: str) -> None:
        """Something that nobody can say."""
        self._add(UNDECIDED["undecided"], at, "", "", why)

    def followed(self, node: Node) -> Node | None:
        """What the node's references lead to; None, and noted, when that cannot be said."""
        try:
            return node.target()
        except Undecidable as error:
            self.unsure(node.pointer, str(error))
            return None

    def schemas(self, flow: Flow, before: Schema, after: Schema, at: str) -> None:
        """Everything that differs between two schemas for what flows one way."""
        told = set[tuple[str, str]]()
        for harm in (True, False):
            run = self._runs[flow, harm]
            pair = (before, after) if run.forward else (after, before)
            for gap in run.gaps(*pair, at):
                self._gap(gap, flow, harm, told)

    def _gap(self, gap: Gap, flow: Flow, harm: bool, told: set[tuple[str, str]]) -> None:
        """Of what can harm and of what cannot, the first is told where both are true at one place."""
        if not gap.sure:
            if harm:
                self._add(UNDECIDED[gap.subject], gap.pointer, gap.before, gap.after, gap.why)
            told.add((gap.subject, gap.pointer))
            return
        rule = SCHEMAS[flow][gap.subject, harm]
        if harm:
            told.add((gap.subject, gap.pointer))
        elif (gap.subject, gap.pointer) in told and not (gap.subject == "enum" and rule.breaking is False):
            return
        self._add(rule, gap.pointer, gap.before, gap.after, rule.text)

    def _add(self, rule: Rule, at: str, before: str, after: str, text: str) -> None:
        found = Finding(path=at, rule=rule.id, before=before, after=after, text=text, breaking=rule.breaking is True)
        self._found.setdefault((at, rule.id, before, after), found)

    def verdict(self) -> InterfaceVerdict:
        """The verdict, at most `FINDINGS` findings with it."""
        found = sorted(self._found.values(), key=_order)
        breaks, some = any(each.breaking for each in found), any(each.rule in _CERTAIN for each in found)
        step = VersionStep.VERSION_STEP_MINOR if some else VersionStep.VERSION_STEP_PATCH
        verdict = InterfaceVerdict(outcome=VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE, demands=step)
        if breaks:
            verdict.outcome = VerdictOutcome.VERDICT_OUTCOME_BREAKING
            verdict.demands = VersionStep.VERSION_STEP_MAJOR
        elif unsure := [each for each in found if each.rule not in _CERTAIN]:
            verdict.outcome = VerdictOutcome.VERDICT_OUTCOME_UNKNOWN
            verdict.reason = f"At {unsure[0].path or 'the root'}: {unsure[0].text}"
        verdict.findings.extend(found[:FINDINGS])
        verdict.omitted = max(0, len(found) - FINDINGS)
        return verdict


_CERTAIN = {rule.id for table in SCHEMAS.values() for rule in table.values()} | {
    rule.id for rule in EXCHANGE.values() if rule.breaking is not None
}


def _order(finding: Finding) -> tuple[bool, bool, str, str, str]:
    return (not finding.breaking, finding.rule in _CERTAIN, finding.path, finding.rule, finding.before + finding.after)
