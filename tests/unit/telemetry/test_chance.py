"""Which first calls are recorded: what the sampler would say, whether it is asked or not."""

import random
from typing import Any

import pytest
from opentelemetry.sdk.trace import sampling
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler, TraceIdRatioBased

from registry.telemetry.chance import choice
from registry.telemetry.otlp import AsTheirCommands

CALLS = 4000
ATTRIBUTES = {"rpc.system": "grpc"}
TENTH = TraceIdRatioBased(0.1)


class ByName(Sampler):
    """Records reads of one method; its description has that of another sampler in it."""

    def should_sample(self, *given: Any, **_others: Any) -> sampling.SamplingResult:
        decision = sampling.Decision.RECORD_AND_SAMPLE if given[2] == "Get" else sampling.Decision.DROP
        return sampling.SamplingResult(decision)

    def get_description(self) -> str:
        return "ByName{root:TraceIdRatioBased{0.5}}"


def _share(sampler: Sampler, name: str = "Get") -> float:
    random.seed(7)
    chooses = choice(sampler)
    return sum(chooses(name, ATTRIBUTES) for _ in range(CALLS)) / CALLS


@pytest.mark.parametrize(
    ("sampler", "share"),
    [
        (TENTH, 0.1),
        (ParentBased(TENTH), 0.1),
        (AsTheirCommands(ParentBased(TENTH)), 0.1),
        (AsTheirCommands(TENTH), 0.1),
        (ParentBased(TraceIdRatioBased(0.0)), 0.0),
        (ParentBased(TraceIdRatioBased(1.0)), 1.0),
        (ParentBased(TraceIdRatioBased(0.00001)), 0.0),
        (ALWAYS_ON, 1.0),
        (ParentBased(ALWAYS_ON), 1.0),
        (AsTheirCommands(ParentBased(ALWAYS_OFF)), 0.0),
        (ParentBased(ALWAYS_ON, remote_parent_sampled=TENTH), 1.0),
        (ParentBased(ALWAYS_OFF, local_parent_sampled=TENTH), 0.0),
        (ByName(), 1.0),
        (AsTheirCommands(ByName()), 1.0),
    ],
    ids=lambda given: given.get_description() if isinstance(given, Sampler) else str(given),
)
def test_the_share_of_first_calls_is_the_samplers(sampler: Sampler, share: float) -> None:
    """Within four standard deviations of chance, and without one where it is all or none."""
    assert _share(sampler) == pytest.approx(share, abs=4 * (share * (1 - share) / CALLS) ** 0.5)


def test_a_sampler_that_looks_at_the_call_is_asked_of_each() -> None:
    """What its description has in it of another does not decide."""
    assert _share(AsTheirCommands(ByName()), "List") == 0.0
