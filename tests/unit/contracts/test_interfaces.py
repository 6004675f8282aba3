"""The interfaces of two releases beside each other, whatever their contracts say."""

from typing import Any

import pytest

from registry.api.v1.release_pb2 import Release, Spec
from registry.api.v1.verdict_pb2 import Finding, InterfaceVerdict, VerdictOutcome, VersionStep
from registry.contracts import interfaces

GRPC, REST = 1, 2
TEST, PRODUCTION = 2, 3


def release(**fields: Any) -> Release:
    """One interface `api` that answers in production, unless the fields say otherwise."""
    one: dict[str, Any] = {"id": "api", "kind": REST, "environments": (PRODUCTION,), "spec": "", **fields}
    made = Release(name="offerings/o/releases/1")
    interface = made.interfaces.add(id=one["id"], kind=one["kind"])
    for each in one["environments"]:
        interface.endpoints.add(environment=each, url="https://a.example")
    if one["spec"]:
        interface.spec.sha256 = one["spec"]
    return made


def judged(before: Spec, after: Spec) -> InterfaceVerdict:
    """A contract b has something more than a; to c something is missing."""
    if after.sha256 == "c":
        gone = Finding(rule="gone", breaking=True)
        return InterfaceVerdict(
            outcome=VerdictOutcome.VERDICT_OUTCOME_BREAKING, demands=VersionStep.VERSION_STEP_MAJOR, findings=[gone]
        )
    step = VersionStep.VERSION_STEP_MINOR if before.sha256 != after.sha256 else VersionStep.VERSION_STEP_PATCH
    return InterfaceVerdict(outcome=VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE, demands=step)


@pytest.mark.parametrize(
    ("before", "after", "outcome", "demands", "rules"),
    [
        ({}, {}, "UNKNOWN", "UNSPECIFIED", []),
        ({"spec": "a"}, {}, "UNKNOWN", "UNSPECIFIED", []),
        ({}, {"spec": "a"}, "UNKNOWN", "UNSPECIFIED", []),
        ({"spec": "a"}, {"spec": "a"}, "COMPATIBLE", "PATCH", []),
        ({"spec": "a"}, {"spec": "b"}, "COMPATIBLE", "MINOR", []),
        ({"spec": "a"}, {"spec": "c"}, "BREAKING", "MAJOR", ["gone"]),
        ({"spec": "a"}, {"spec": "a", "kind": GRPC}, "BREAKING", "MAJOR", ["interface-kind-changed"]),
        ({"environments": (TEST, PRODUCTION)}, {}, "BREAKING", "MAJOR", ["endpoint-removed"]),
        ({}, {"environments": (TEST, PRODUCTION)}, "UNKNOWN", "MINOR", ["endpoint-added"]),
        ({"spec": "a"}, {"spec": "a", "environments": (TEST, PRODUCTION)}, "COMPATIBLE", "MINOR", ["endpoint-added"]),
        ({"spec": "a"}, {"spec": "c", "environments": (TEST,)}, "BREAKING", "MAJOR",
         ["endpoint-removed", "gone", "endpoint-added"]),
    ],
)  # fmt: skip
def test_one_interface(
    before: dict[str, Any], after: dict[str, Any], outcome: str, demands: str, rules: list[str]
) -> None:
    (found,) = interfaces.compare(release(**before), release(**after), judged)
    assert VerdictOutcome.Name(found.outcome) == f"VERDICT_OUTCOME_{outcome}"
    assert VersionStep.Name(found.demands) == f"VERSION_STEP_{demands}"
    assert [each.rule for each in found.findings] == rules
    assert (found.interface, found.base) == ("api", "offerings/o/releases/1")
    assert bool(found.reason) == (outcome == "UNKNOWN")


def test_what_is_gone_breaks_and_what_is_new_does_not() -> None:
    found = interfaces.compare(release(id="old"), release(id="new"), judged)
    assert [(each.interface, each.findings[0].rule, each.findings[0].breaking) for each in found] == [
        ("new", "interface-added", False),
        ("old", "interface-removed", True),
    ]
    assert interfaces.demands(found) == VersionStep.VERSION_STEP_MAJOR
    assert interfaces.demands([]) == VersionStep.VERSION_STEP_UNSPECIFIED


@pytest.mark.parametrize(("breaks", "others", "kept", "omitted"), [(1, 99, 100, 0), (1, 100, 100, 1), (101, 5, 100, 6)])
def test_a_release_has_at_most_200_findings_those_that_break_first(
    breaks: int, others: int, kept: int, omitted: int
) -> None:
    def many(_before: Spec, _after: Spec) -> InterfaceVerdict:
        findings = [Finding(rule="gone", breaking=number < breaks) for number in range(breaks + others)]
        return InterfaceVerdict(findings=findings)

    before, after = release(spec="a"), release(spec="b")
    for each in (before, after):
        each.interfaces.add().CopyFrom(each.interfaces[0])
        each.interfaces[1].id = "twin"
    found = interfaces.compare(before, after, many)
    assert sum(len(each.findings) for each in found) == 2 * kept
    assert sum(each.omitted for each in found) == 2 * omitted
    assert sum(finding.breaking for each in found for finding in each.findings) == 2 * min(breaks, kept)
    assert all(
        [finding.breaking for finding in each.findings]
        == sorted((finding.breaking for finding in each.findings), reverse=True)
        for each in found
    )
