"""Apply: all or nothing, or each on its own; everything that is wrong is said; what is so already stays."""

import hashlib
import random
from typing import Any

import pytest

from registry.api.v1 import definition_service_pb2 as d
from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1 import organisation_service_pb2 as o
from registry.api.v1.error_reason_pb2 import ErrorReason
from registry.api.v1.feed_service_pb2 import GetHeadRequest, ListChangesRequest
from tests.integration.api import INTERFACE, Api
from tests.integration.services.street import refusal

CONTRACT = b"syntax = 'proto3';"


def definitions() -> list[dict[str, Any]]:
    """A body with its host, a branch of the taxonomy, an offering with two releases, and an interest in it."""
    return [
        {"organisation": {"name": "organisations/host", "kind": 2, "title": {"sv": "Värd"}}},
        {"organisation": {"name": "organisations/b", "kind": 1, "title": {"sv": "B"}, "host": "organisations/host"}},
        {"system": {"name": "organisations/host/systems/gw", "title": {"sv": "Gateway"}, "environment": 3}},
        {"capability": {"name": "capabilities/top", "title": {"sv": "Samhälle"}}},
        {"capability": {"name": "capabilities/mid", "title": {"sv": "Bygg"}, "parent": "capabilities/top"}},
        {"capability": {"name": "capabilities/low", "title": {"sv": "Lov"}, "parent": "capabilities/mid"}},
        {"offering": {"name": "offerings/permits", "provider": "organisations/host", "title": {"sv": "Lov"}, "capabilities": ["capabilities/low"]}},
        {"release": {"name": "offerings/permits/releases/1.0.0", "version": "1.0.0", "interfaces": [INTERFACE]}},
        {"release": {"name": "offerings/permits/releases/2.0.0-rc.1", "version": "2.0.0-rc.1", "state": 1}},
        {"interest": {"name": "organisations/b/interests/all", "filter": 'capabilities:"capabilities/low"', "mode": 1}},
    ]  # fmt: skip


async def apply(api: Api, resources: list[dict[str, Any]], **fields: Any) -> Any:
    return await api.definitions.Apply(d.ApplyRequest(resources=resources, **fields))  # type: ignore[arg-type]


def outcomes(done: Any) -> list[str]:
    return [d.ApplyOutcome.Name(each.outcome).removeprefix("APPLY_OUTCOME_") for each in done.results]


def reasons(done: Any) -> list[str]:
    return [
        ErrorReason.Name(each.error.reason).removeprefix("ERROR_REASON_") if each.HasField("error") else ""
        for each in done.results
    ]


async def head(api: Api) -> int:
    return int((await api.feed.GetHead(GetHeadRequest())).revision)


@pytest.mark.parametrize("atomic", [True, False])
async def test_references_within_a_batch_may_stand_in_any_order(api: Api, atomic: bool) -> None:
    mixed = definitions()
    random.Random(1).shuffle(mixed)  # noqa: S311 - the same order each time
    done = await apply(api, mixed, atomic=atomic)
    assert reasons(done) == [""] * 10
    assert outcomes(done) == ["CREATED"] * 10
    assert [each.name for each in done.results] == [next(iter(each.values()))["name"] for each in mixed]
    assert sorted(each.revision for each in done.results) == list(range(1, 11))
    assert (done.revision, await head(api)) == (10, 10)


@pytest.mark.parametrize("atomic", [True, False])
async def test_applying_again_changes_nothing_and_says_so(api: Api, atomic: bool) -> None:
    first = await apply(api, definitions(), atomic=atomic)
    again = await apply(api, definitions(), atomic=atomic)
    assert outcomes(again) == ["UNCHANGED"] * 10
    assert [each.revision for each in again.results] == [each.revision for each in first.results]
    assert [len(each.diff) for each in again.results] == [0] * 10
    assert await head(api) == 10


async def test_an_atomic_batch_is_one_command(api: Api) -> None:
    await apply(api, definitions(), atomic=True)
    changes = (await api.feed.ListChanges(ListChangesRequest())).changes
    assert {each.batch_end_revision for each in changes} == {10}


def wrong(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Four entries with faults of their own; the releases fall with their offering."""
    resources[1]["organisation"]["organisation_number"] = "212000-0143"
    resources[4]["capability"]["title"] = {}
    resources[6]["offering"]["provider"] = "organisations/none"
    resources[9]["interest"]["filter"] = "planet = 1"
    return resources


async def test_every_entry_says_what_is_wrong_with_it(api: Api) -> None:
    """Also those that fall with another, in a batch that leaves nothing behind; the right ones say why they wait."""
    done = await apply(api, wrong(definitions()), atomic=True)
    assert outcomes(done) == ["FAILED"] * 10
    assert reasons(done) == [
        "BATCH_FAILED",
        "ORGANISATION_NUMBER_INVALID",
        "BATCH_FAILED",
        "BATCH_FAILED",
        "FIELD_INVALID",
        "REFERENCE_NOT_FOUND",
        "REFERENCE_NOT_FOUND",
        "REFERENCE_NOT_FOUND",
        "REFERENCE_NOT_FOUND",
        "FILTER_INVALID",
    ]
    assert done.results[0].error.metadata["failed"] == "7"
    assert all(each.error.message and not each.revision for each in done.results)
    assert (done.revision, await head(api)) == (0, 0)
    listed = await api.organisations.ListOrganisations(o.ListOrganisationsRequest())
    assert len(listed.organisations) == 0


async def test_best_effort_keeps_what_is_right(api: Api) -> None:
    done = await apply(api, wrong(definitions()), atomic=False)
    assert outcomes(done) == ["CREATED", "FAILED", "CREATED", "CREATED", *["FAILED"] * 6]
    assert (done.revision, await head(api)) == (3, 3)
    repaired = await apply(api, definitions(), atomic=False)
    assert outcomes(repaired) == ["UNCHANGED", "CREATED", "UNCHANGED", "UNCHANGED", *["CREATED"] * 6]


async def test_validate_only_shows_the_difference_and_keeps_nothing(api: Api) -> None:
    await apply(api, definitions(), atomic=True)
    changed = definitions()
    changed[1]["organisation"].update({"title": {"sv": "B", "en": "B"}, "host": ""})
    changed[6]["offering"]["terms"] = {"notice_days": 30}
    changed.append({"capability": {"name": "capabilities/new", "title": {"sv": "Ny"}}})
    for atomic in (True, False):
        told = await apply(api, changed, atomic=atomic, validate_only=True)
        assert outcomes(told) == ["UNCHANGED", "UPDATED", *["UNCHANGED"] * 4, "UPDATED", *["UNCHANGED"] * 3, "CREATED"]
        shown = [(each.path, each.before, each.after) for each in told.results[1].diff]
        assert shown == [("host", '"organisations/host"', ""), ("title.en", "", '"B"')]
        assert [(each.path, each.before, each.after) for each in told.results[6].diff] == [
            ("terms.notice_days", "", "30"),
            ("terms.version", '"1"', '"1+2"'),
        ]
        assert [each.path for each in told.results[10].diff] == ["title.sv"]
        assert {each.revision for each in told.results} == {0}
        assert await head(api) == 10
    done = await apply(api, changed, atomic=True)
    assert [list(each.diff) for each in done.results] == [list(each.diff) for each in told.results]
    assert await head(api) == 13


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_batch_may_be_sent_again(api: Api, atomic: bool) -> None:
    first = await apply(api, definitions(), atomic=atomic, request_id="once")
    again = await apply(api, definitions(), atomic=atomic, request_id="once")
    assert again == first
    assert outcomes(again) == ["CREATED"] * 10
    assert await head(api) == 10
    call = apply(api, definitions()[:3], atomic=atomic, request_id="once")
    assert (await refusal(call))[:2] == ("ABORTED", "REQUEST_ID_REUSED")


async def test_an_entry_with_an_etag_is_refused_when_somebody_was_first(api: Api) -> None:
    await apply(api, definitions(), atomic=True)
    entry = definitions()[0]
    entry["organisation"].update({"etag": "stale", "title": {"sv": "Ny"}})
    for atomic in (True, False):
        assert reasons(await apply(api, [entry], atomic=atomic)) == ["ETAG_MISMATCH"]
    entry["organisation"]["etag"] = (
        await api.organisations.GetOrganisation(o.GetOrganisationRequest(name="organisations/host"))
    ).organisation.etag
    assert outcomes(await apply(api, [entry])) == ["UPDATED"]


MAY_NOT_BE: list[tuple[Any, str]] = [
    ({}, "FIELD_INVALID"),
    ({"subscription": {"name": "organisations/b/subscriptions/x"}}, "FIELD_INVALID"),
    ({"organisation": {"name": "organisations/B"}}, "NAME_INVALID"),
    ({"organisation": {"kind": 1}}, "NAME_INVALID"),
    ({"release": {"name": "offerings/permits/releases/1.0.0", "version": "1.0.1", "interfaces": [INTERFACE]}}, "FIELD_IMMUTABLE"),
    ({"release": {"name": "offerings/permits/releases/1.0.0", "version": "1.0.0"}}, "FIELD_INVALID"),
    ({"release": {"name": "offerings/permits/releases/1.0.0", "version": "1.0.0", "interfaces": [{**INTERFACE, "id": "x"}]}}, "RELEASE_IMMUTABLE"),
    ({"capability": {"name": "capabilities/top", "title": {"sv": "T"}, "parent": "capabilities/low"}}, "FIELD_INVALID"),
]  # fmt: skip


async def test_what_an_entry_may_not_be(api: Api) -> None:
    await apply(api, definitions(), atomic=True)
    entries = [entry for entry, _ in MAY_NOT_BE]
    told = [reasons(await apply(api, [entry], atomic=True))[0] for entry in entries]
    assert told == [why for _, why in MAY_NOT_BE]
    assert reasons(await apply(api, entries)) == told
    assert await head(api) == 10


async def test_contracts_come_along(api: Api) -> None:
    digest = hashlib.sha256(CONTRACT).hexdigest()
    resources = definitions()
    resources[7]["release"]["interfaces"] = [{**INTERFACE, "spec": {"sha256": digest}}]
    assert reasons(await apply(api, resources, atomic=True))[7] == "REFERENCE_NOT_FOUND"
    specs = [{"media_type": "text/x-protobuf", "content": CONTRACT}]
    for atomic in (True, False):
        assert reasons(await apply(api, resources, atomic=atomic, specs=specs)) == [""] * 10
    kept = await api.offerings.GetSpec(f.GetSpecRequest(sha256=digest))
    assert kept.content == CONTRACT
    assert outcomes(await apply(api, resources, atomic=True)) == ["UNCHANGED"] * 10
