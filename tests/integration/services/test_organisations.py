"""Organisations: masks, allow_missing, validate_only, hosts, mergers."""

from typing import Any

import grpc
import pytest

from registry.api.v1 import organisation_service_pb2 as o
from registry.api.v1.feed_service_pb2 import GetHeadRequest, ListChangesRequest
from tests.integration.api import Api, violations
from tests.integration.services.street import refusal, verdict

BODY: dict[str, Any] = {"kind": 1, "title": {"sv": "Kommun b"}}
WHOLE: dict[str, Any] = {
    "kind": 1,
    "title": {"sv": "Göteborgs stad", "en": "City of Gothenburg"},
    "organisation_number": "2120001355",
    "county_code": "14",
    "municipality_code": "1480",
    "size": {"inhabitants": 604_000, "as_of": "2025", "source": "SCB"},
    "digital_lead": "digital@goteborg.example",
    "labels": {"pilot": "yes"},
}


async def create(api: Api, key: str, **fields: Any) -> Any:
    request = o.CreateOrganisationRequest(organisation_id=key, organisation={**BODY, **fields})
    return (await api.organisations.CreateOrganisation(request)).organisation


async def update(
    api: Api, paths: list[str], *, validate_only: bool = False, allow_missing: bool = False, **fields: Any
) -> Any:
    request = o.UpdateOrganisationRequest(
        organisation={"name": "organisations/b", **fields},
        update_mask={"paths": paths},
        validate_only=validate_only,
        allow_missing=allow_missing,
    )
    return await api.organisations.UpdateOrganisation(request)


async def test_what_is_created_is_read_back_whole(api: Api) -> None:
    made = await create(api, "b", **{**WHOLE, "organisation_number": "SE212000135501"})
    read = await api.organisations.GetOrganisation(o.GetOrganisationRequest(name="organisations/b"))
    assert read.organisation == made
    assert (made.organisation_number, made.size.source) == ("2120001355", "SCB")
    assert (made.revision, read.revision) == (1, 1)
    assert made.uid
    assert made.etag
    assert made.create_time == made.update_time


async def test_the_registry_chooses_an_id_and_keeps_its_own_fields(api: Api) -> None:
    """Server-owned fields that a caller sends are ignored."""
    forged = {"name": "organisations/forged", "uid": "u", "etag": "e", "revision": 99, "create_time": {"seconds": 1}}
    request = o.CreateOrganisationRequest(organisation={**BODY, **forged})
    made = (await api.organisations.CreateOrganisation(request)).organisation
    assert len(made.name.removeprefix("organisations/")) == 32
    assert made.revision == 1
    assert made.uid != "u"
    assert made.create_time.seconds > 1


MASKS: list[tuple[list[str], Any, Any]] = [
    (["title.en"], {"title": {"sv": "ignored", "en": "New"}}, {"title": {"sv": "Göteborgs stad", "en": "New"}}),
    (["size.inhabitants"], {"size": {"inhabitants": 5}}, {"size": {**WHOLE["size"], "inhabitants": 5}}),
    (["digital_lead"], {}, {"digital_lead": ""}),
    (["labels"], {"labels": {"a": "1"}}, {"labels": {"a": "1"}}),
    (["county_code", "municipality_code"], {"county_code": "12"}, {"county_code": "12", "municipality_code": ""}),
]


async def test_a_mask_changes_what_it_names_and_nothing_else(api: Api) -> None:
    before = await create(api, "b", **WHOLE)
    for paths, fields, changed in MASKS:
        after = (await update(api, paths, **fields)).organisation
        expected = type(before)(**{**WHOLE, **changed}, name=before.name, uid=before.uid)
        for field in ("etag", "revision", "create_time", "update_time"):
            after.ClearField(field)
        assert after == expected
        await update(api, [], **WHOLE)


async def test_without_a_mask_the_whole_is_replaced(api: Api) -> None:
    for paths in ([], ["*"]):
        await update(api, ["*"], allow_missing=True, **WHOLE)
        after = (await update(api, paths, kind=2, title={"sv": "Region"})).organisation
        assert (after.kind, after.title.sv, after.organisation_number, dict(after.labels)) == (2, "Region", "", {})


async def test_an_update_that_changes_nothing_makes_no_entry(api: Api) -> None:
    made = await create(api, "b", **WHOLE)
    done = await update(api, ["title"], title=WHOLE["title"])
    assert (done.organisation, done.revision) == (made, 1)
    assert (await api.feed.GetHead(GetHeadRequest())).revision == 1


async def test_allow_missing_creates_what_is_not_there(api: Api) -> None:
    assert (await refusal(update(api, ["title"], **BODY)))[1] == "RESOURCE_NOT_FOUND"
    made = (await update(api, ["title"], allow_missing=True, **BODY)).organisation
    changed = (await update(api, ["title"], allow_missing=True, title={"sv": "Nytt"})).organisation
    assert (made.kind, changed.kind, changed.title.sv, changed.uid) == (1, 1, "Nytt", made.uid)
    listed = await api.feed.ListChanges(ListChangesRequest())
    assert [each.event_type.split(".")[-2] for each in listed.changes] == ["created", "updated"]


async def test_validate_only_says_what_would_be_and_keeps_nothing(api: Api) -> None:
    made = await create(api, "b")
    told = await update(api, ["title"], validate_only=True, title={"sv": "Nytt"})
    assert (told.organisation.title.sv, told.revision) == ("Nytt", 1)
    read = await api.organisations.GetOrganisation(o.GetOrganisationRequest(name="organisations/b"))
    assert read.organisation == made
    assert (await refusal(update(api, ["title"], validate_only=True)))[1] == "FIELD_INVALID"


async def test_all_that_is_wrong_is_said_at_once(api: Api) -> None:
    wrong = {
        "kind": 0,
        "title": {"sv": " "},
        "valid_from": "2026-02-30",
        "size": {"inhabitants": -1},
        "digital_lead": "x",
    }
    request = o.CreateOrganisationRequest(organisation_id="b", organisation=wrong)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await api.organisations.CreateOrganisation(request)
    named = ["kind", "title.sv", "size.inhabitants", "size.source", "valid_from", "digital_lead"]
    assert violations(refused.value) == named


async def test_a_host_never_leads_back_to_the_hosted(api: Api) -> None:
    await create(api, "b")
    await create(api, "c", host="organisations/b")
    await create(api, "d", host="organisations/c")
    told = [await verdict(update(api, ["host"], host=f"organisations/{key}")) for key in ("b", "c", "d")]
    assert told == ["FIELD_INVALID"] * 3


async def merge(api: Api, *sources: str, into: str = "new", **fields: Any) -> Any:
    request = o.MergeOrganisationsRequest(
        name=f"organisations/{into}", sources=[f"organisations/{key}" for key in sources], **fields
    )
    return await api.organisations.MergeOrganisations(request)


async def test_a_merger_ends_the_sources_in_one_command(api: Api) -> None:
    for key in ("new", "b", "c"):
        await create(api, key)
    done = await merge(api, "b", "c", valid_to="2025-12-31")
    assert list(done.organisation.predecessors) == ["organisations/b", "organisations/c"]
    ended = (await api.organisations.GetOrganisation(o.GetOrganisationRequest(name="organisations/b"))).organisation
    assert ended.valid_to == "2025-12-31"
    changes = (await api.feed.ListChanges(ListChangesRequest(start_revision=4))).changes
    assert [(each.event_type.split(".")[-2], each.batch_end_revision) for each in changes] == [
        ("merged", 6),
        ("merged", 6),
        ("updated", 6),
    ]


MERGERS: list[tuple[list[str], Any, str]] = [
    ([], {}, "FIELD_INVALID"),
    (["b", "b"], {}, "FIELD_INVALID"),
    (["new"], {}, "FIELD_INVALID"),
    (["none"], {}, "RESOURCE_NOT_FOUND"),
    (["b"], {"valid_to": "31/12"}, "FIELD_INVALID"),
    (["ended"], {}, "STATE_TRANSITION_ILLEGAL"),
    (["b"], {"into": "ended"}, "STATE_TRANSITION_ILLEGAL"),
    (["young"], {"valid_to": "2025-12-31"}, "FIELD_INVALID"),
]


async def test_a_merger_that_cannot_be_changes_nothing(api: Api) -> None:
    for key in ("new", "b"):
        await create(api, key)
    await create(api, "ended", valid_to="2020-01-01")
    await create(api, "young", valid_from="2026-01-01")
    told = [await verdict(merge(api, *sources, **fields)) for sources, fields, _ in MERGERS]
    assert told == [why for _, _, why in MERGERS]
    assert (await api.feed.GetHead(GetHeadRequest())).revision == 4


async def test_systems_belong_to_their_organisation(api: Api) -> None:
    await api.body("b")
    assert (await refusal(api.organisations.GetSystem(o.GetSystemRequest(name="organisations/b/systems/x"))))[
        0
    ] == "NOT_FOUND"
    change = {"name": "organisations/b/systems/gw", "title": {"sv": "Ny"}}
    request = o.UpdateSystemRequest(system=change, update_mask={"paths": ["title"]})
    assert (await api.organisations.UpdateSystem(request)).system.environment == 3
    orphan = o.CreateSystemRequest(parent="organisations/none", system={"title": {"sv": "S"}, "environment": 1})
    assert (await refusal(api.organisations.CreateSystem(orphan)))[1] == "REFERENCE_NOT_FOUND"
