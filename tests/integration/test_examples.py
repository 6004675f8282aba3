"""The examples are what they say: readable, applied whole on the real bodies, and marked as made up."""

from collections import Counter
from urllib.parse import urlsplit

import grpc
import pytest

from registry.api.v1 import definition_service_pb2 as d
from registry.api.v1.offering_pb2 import ApprovalMode, Offering
from registry.api.v1.resource_pb2 import Resource
from registry.definitions import Definitions, read
from registry.publicsector import load
from tests.checks.problem import ROOT
from tests.integration.api import Api

FIRST, NEXT = (str(ROOT / "examples" / name) for name in ("definitions", "definitions-next"))
CREATED, UNCHANGED = d.ApplyOutcome.APPLY_OUTCOME_CREATED, d.ApplyOutcome.APPLY_OUTCOME_UNCHANGED


@pytest.fixture(scope="module")
def examples() -> Definitions:
    return read([FIRST])


def offerings(examples: Definitions) -> list[Offering]:
    return [each.resource.offering for each in examples.items if each.noun == "offering"]


@pytest.mark.parametrize("folder", [FIRST, NEXT])
def test_every_file_is_read_without_a_problem(folder: str) -> None:
    found = read([folder])
    assert [str(problem) for problem in found.problems] == []
    assert found.items


def test_there_is_something_of_everything(examples: Definitions) -> None:
    found = Counter(each.noun for each in examples.items)
    assert found["offering"] >= 12
    assert found["release"] == found["offering"]
    assert len({each.provider for each in offerings(examples)}) >= 10
    manual = [each.name for each in offerings(examples) if each.terms.approval == ApprovalMode.APPROVAL_MODE_MANUAL]
    assert len(manual) == 2


@pytest.mark.parametrize("folder", [FIRST, NEXT])
def test_everything_made_up_says_so(folder: str) -> None:
    for each in read([folder]).items:
        message = getattr(each.resource, each.noun)
        if each.noun != "capability":
            assert message.annotations["fictitious"].startswith("Fictitious example"), each.name
        if each.noun == "offering":
            assert "Påhittat exempel" in message.description.sv
            assert "Fictitious example" in message.description.en
            assert message.contact.endswith(".example")
        if each.noun == "release":
            hosts = {urlsplit(place.url).hostname for way in message.interfaces for place in way.endpoints}
            assert all(host and host.endswith(".example") for host in hosts), each.name


async def test_they_are_applied_on_the_real_bodies_and_change_nothing_the_second_time(
    channel: grpc.aio.Channel, examples: Definitions
) -> None:
    api = Api(channel)

    async def apply(resources: list[Resource], found: Definitions) -> list[int]:
        request = d.ApplyRequest(resources=resources, specs=found.contracts.values(), atomic=True)
        results = (await api.definitions.Apply(request)).results
        assert [f"{each.name}: {each.error.message}" for each in results if each.error.message] == []
        return [each.outcome for each in results]

    bodies = [Resource(organisation=entry.organisation) for entry in load().entries]
    resources = [*bodies, *(each.resource for each in examples.items)]
    assert await apply(resources, examples) == [CREATED] * len(resources)
    assert await apply(resources, examples) == [UNCHANGED] * len(resources)
    following = read([NEXT])
    assert await apply([each.resource for each in following.items], following) == [CREATED]
