"""The taxonomy: at most four levels, no circles, retirement from the leaves."""

from typing import Any

import pytest

from registry.api.v1 import capability_service_pb2 as c
from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1.feed_service_pb2 import GetHeadRequest
from tests.integration.api import Api
from tests.integration.services.street import refusal, verdict


async def create(api: Api, key: str, parent: str = "") -> Any:
    above = f"capabilities/{parent}" if parent else ""
    request = c.CreateCapabilityRequest(capability_id=key, capability={"title": {"sv": key}, "parent": above})
    return (await api.capabilities.CreateCapability(request)).capability


async def move(api: Api, key: str, parent: str) -> Any:
    above = f"capabilities/{parent}" if parent else ""
    change = {"name": f"capabilities/{key}", "parent": above}
    request = c.UpdateCapabilityRequest(capability=change, update_mask={"paths": ["parent"]})
    return (await api.capabilities.UpdateCapability(request)).capability


async def retire(api: Api, key: str) -> Any:
    return (await api.capabilities.RetireCapability(c.RetireCapabilityRequest(name=f"capabilities/{key}"))).capability


@pytest.fixture
async def tree(api: Api) -> Api:
    """The chain a, b, c, d and beside it x, y."""
    for key, parent in (("a", ""), ("b", "a"), ("c", "b"), ("d", "c"), ("x", ""), ("y", "x")):
        await create(api, key, parent)
    return api


async def test_a_tree_has_four_levels_and_not_five(tree: Api) -> None:
    code, why, words = await refusal(create(tree, "e", "d"))
    assert (code, why) == ("INVALID_ARGUMENT", "LIMIT_EXCEEDED")
    assert (words["maximum"], words["actual"]) == ("4", "5")
    await create(tree, "e", "c")


async def test_a_branch_moves_with_all_that_hangs_on_it(tree: Api) -> None:
    moves = {("x", "b"): "", ("x", "c"): "LIMIT_EXCEEDED", ("x", "d"): "LIMIT_EXCEEDED", ("y", "c"): "", ("y", "d"): "LIMIT_EXCEEDED", ("b", "y"): "LIMIT_EXCEEDED"}  # fmt: skip
    told = {}
    for key, parent in moves:
        told[key, parent] = await verdict(move(tree, key, parent))
        await move(tree, "x", "")
        await move(tree, "y", "x")
    assert told == moves
    await move(tree, "b", "x")
    moved = await tree.capabilities.GetCapability(c.GetCapabilityRequest(name="capabilities/b"))
    assert moved.capability.parent == "capabilities/x"


async def test_no_branch_leads_back_to_itself(tree: Api) -> None:
    circles = [("a", "a"), ("a", "b"), ("a", "d"), ("b", "c")]
    assert [await verdict(move(tree, key, parent)) for key, parent in circles] == ["FIELD_INVALID"] * 4


async def test_retirement_begins_at_the_leaves(tree: Api) -> None:
    code, why, words = await refusal(retire(tree, "x"))
    assert (code, why, words["blocked_by"]) == ("FAILED_PRECONDITION", "STATE_TRANSITION_ILLEGAL", "capabilities/y")
    for key in ("y", "x"):
        assert (await retire(tree, key)).state == 2
    assert (await refusal(retire(tree, "x")))[1] == "STATE_TRANSITION_ILLEGAL"
    listed = await tree.capabilities.ListCapabilities(c.ListCapabilitiesRequest(filter="state = RETIRED"))
    assert [each.name for each in listed.capabilities] == ["capabilities/x", "capabilities/y"]


async def test_nothing_new_stands_on_a_retired_capability(tree: Api) -> None:
    """Neither an offering nor a capability below it; what stood there before may stay and change."""
    await tree.body("a")
    offering = {"provider": "organisations/a", "title": {"sv": "T"}, "capabilities": ["capabilities/d"]}
    await tree.offerings.CreateOffering(f.CreateOfferingRequest(offering_id="old", offering=offering))
    await retire(tree, "d")
    await retire(tree, "y")
    request = f.CreateOfferingRequest(offering_id="new", offering=offering)
    assert (await refusal(tree.offerings.CreateOffering(request)))[1] == "FIELD_INVALID"
    change = {"name": "offerings/old", "title": {"sv": "Ny"}}
    await tree.offerings.UpdateOffering(f.UpdateOfferingRequest(offering=change, update_mask={"paths": ["title"]}))
    await retire(tree, "x")
    assert (await refusal(create(tree, "z", "x")))[1] == "FIELD_INVALID"
    assert (await refusal(move(tree, "c", "x")))[1] == "FIELD_INVALID"


async def test_validate_only_retires_nothing(tree: Api) -> None:
    request = c.RetireCapabilityRequest(name="capabilities/y", validate_only=True)
    assert (await tree.capabilities.RetireCapability(request)).capability.state == 2
    read = await tree.capabilities.GetCapability(c.GetCapabilityRequest(name="capabilities/y"))
    assert read.capability.state == 1
    assert (await tree.feed.GetHead(GetHeadRequest())).revision == 6
