"""Threat 31: replayed or concurrent writes. A request id has one effect for its principal, a stale etag has none."""

import asyncio
from typing import Any

from registry.api.v1 import organisation_service_pb2 as organisation_pb2
from tests.integration.api import reason
from tests.threats.guarded import Guarded, refused


def create(organisation: str, key: str, request_id: str = "same") -> Any:
    return organisation_pb2.CreateSystemRequest(
        parent=f"organisations/{organisation}",
        system_id=key,
        system={"title": {"sv": "System"}, "environment": 3},
        request_id=request_id,
    )


async def test_a_request_id_has_one_effect_for_each_principal(town: Guarded) -> None:
    of_a, of_b = (town.api(town.secrets[f"of-{key}"]) for key in "ab")
    before = await town.head()
    both = await asyncio.gather(*(of_a.organisations.CreateSystem(create("a", "new")) for _ in range(8)))
    assert len({each.revision for each in both}) == 1
    assert await town.head() == before + 1

    theirs = await of_b.organisations.CreateSystem(create("b", "new"))
    assert theirs.system.name == "organisations/b/systems/new"
    error = await refused(of_a.organisations.CreateSystem(create("a", "other")))
    assert reason(error)[1] == "REQUEST_ID_REUSED"


async def test_a_stale_etag_changes_nothing(town: Guarded) -> None:
    api = town.api(town.secrets["of-a"])
    name = "organisations/a/systems/gw"
    found = (await api.organisations.GetSystem(organisation_pb2.GetSystemRequest(name=name))).system

    def update(title: str) -> Any:
        return organisation_pb2.UpdateSystemRequest(
            system={"name": name, "title": {"sv": title}, "etag": found.etag}, update_mask={"paths": ["title"]}
        )

    await api.organisations.UpdateSystem(update("Först"))
    before = await town.head()
    error = await refused(api.organisations.UpdateSystem(update("Sedan")))
    assert reason(error)[:2] == ("ABORTED", "ETAG_MISMATCH")
    assert await town.head() == before
