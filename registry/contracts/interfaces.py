"""The interfaces of two releases beside each other: which are gone, which are new, what became of the contracts."""

from collections.abc import Callable, Iterable, Iterator

from registry.api.v1.environment_pb2 import Environment
from registry.api.v1.release_pb2 import Interface, InterfaceKind, Release, Spec
from registry.api.v1.verdict_pb2 import Finding, InterfaceVerdict, VerdictOutcome, VersionStep

COMPATIBLE = VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE
BREAKING, UNKNOWN = VerdictOutcome.VERDICT_OUTCOME_BREAKING, VerdictOutcome.VERDICT_OUTCOME_UNKNOWN
PATCH, MINOR = VersionStep.VERSION_STEP_PATCH, VersionStep.VERSION_STEP_MINOR
MAJOR = VersionStep.VERSION_STEP_MAJOR
MOST = 200  # findings of a release
Compare = Callable[[Spec, Spec], InterfaceVerdict]


def compare(before: Release, after: Release, contracts: Compare) -> list[InterfaceVerdict]:
    """A verdict on each interface of either release, in the order of the newer one and then of the older one."""
    old = {each.id: each for each in before.interfaces}
    new = {each.id: each for each in after.interfaces}
    found = [_verdict(old.get(key), new.get(key), contracts) for key in (*new, *(key for key in old if key not in new))]
    for key, each in zip((*new, *(key for key in old if key not in new)), found, strict=True):
        each.interface, each.base = key, before.name
    _shorten(found)
    return found


def demands(verdicts: Iterable[InterfaceVerdict]) -> "VersionStep.ValueType":
    """The least step of the version that all of them allow."""
    return max((each.demands for each in verdicts), default=VersionStep.VERSION_STEP_UNSPECIFIED)


def _shorten(verdicts: list[InterfaceVerdict]) -> None:
    """A release is announced with its verdicts, so all of them together have a bound; what breaks stays longest."""
    left = MOST
    for breaking in (True, False):
        for each in verdicts:
            kept = [finding for finding in each.findings if finding.breaking != breaking]
            asked = [finding for finding in each.findings if finding.breaking == breaking]
            taken = asked[:left]
            left -= len(taken)
            each.omitted += len(asked) - len(taken)
            del each.findings[:]
            each.findings.extend([*taken, *kept] if breaking else [*kept, *taken])


def _verdict(before: Interface | None, after: Interface | None, contracts: Compare) -> InterfaceVerdict:
    if before is None or after is None:
        return _one_sided(before, after)
    verdict = InterfaceVerdict()
    verdict.CopyFrom(_contract(before, after, contracts))
    changes = list(_beside_the_contract(before, after))
    if any(each.breaking for each in changes):
        verdict.outcome, verdict.demands, verdict.reason = BREAKING, MAJOR, ""
    elif changes:
        verdict.demands = max(verdict.demands, MINOR)
    findings = [*changes, *verdict.findings]
    del verdict.findings[:]
    verdict.findings.extend(sorted(findings, key=lambda each: not each.breaking))
    return verdict


def _one_sided(before: Interface | None, after: Interface | None) -> InterfaceVerdict:
    if before is not None:
        gone = _finding("interface-removed", _kind(before), "", "The interface is gone.", breaking=True)
        return InterfaceVerdict(outcome=BREAKING, demands=MAJOR, findings=[gone])
    added = _finding("interface-added", "", _kind(after or Interface()), "The interface is new.", breaking=False)
    return InterfaceVerdict(outcome=COMPATIBLE, demands=MINOR, findings=[added])


def _contract(before: Interface, after: Interface, contracts: Compare) -> InterfaceVerdict:
    if before.HasField("spec") and after.HasField("spec"):
        return contracts(before.spec, after.spec)
    if before.HasField("spec"):
        return InterfaceVerdict(outcome=UNKNOWN, reason="the newer release has no contract for it")
    reason = "the older release has no contract for it"
    return InterfaceVerdict(outcome=UNKNOWN, reason=reason if after.HasField("spec") else "it has no contract")


def _beside_the_contract(before: Interface, after: Interface) -> Iterator[Finding]:
    if before.kind != after.kind:
        text = "The interface is spoken in another way."
        yield _finding("interface-kind-changed", _kind(before), _kind(after), text, breaking=True)
    old, new = ({each.environment for each in one.endpoints} for one in (before, after))
    for each in sorted(old - new):
        text = "It no longer answers in this environment."
        yield _finding("endpoint-removed", _environment(each), "", text, breaking=True)
    for each in sorted(new - old):
        text = "It answers in one more environment."
        yield _finding("endpoint-added", "", _environment(each), text, breaking=False)


def _finding(rule: str, before: str, after: str, text: str, *, breaking: bool) -> Finding:
    return Finding(rule=rule, before=before, after=after, text=text, breaking=breaking)


def _kind(interface: Interface) -> str:
    return InterfaceKind.Name(interface.kind).removeprefix("INTERFACE_KIND_")


def _environment(number: "Environment.ValueType") -> str:
    return Environment.Name(number).removeprefix("ENVIRONMENT_")
