"""Threat 28: enumeration of what is not shown. Hidden and missing look the same, wherever a name can be asked for."""

import asyncio
from typing import Any

import grpc
import pytest
from google.protobuf import symbol_database

from registry.api.v1 import feed_service_pb2 as feed_pb2
from registry.api.v1 import offering_service_pb2 as offering_pb2
from registry.api.v1.definition_service_pb2 import ExportRequest
from tests.integration.api import INTERFACE, Api
from tests.threats.guarded import Guarded, answered, refused

HIDDEN, MISSING = "secretly", "absently"  # as long, so that whole messages can be compared
RESTRICTED = 3
TITLE = {"sv": "Ändrad"}
# By the method, a request about an offering. Only its id is left open.
ASKED: dict[str, Any] = {
    "GetOffering": lambda key: {"name": f"offerings/{key}"},
    "UpdateOffering": lambda key: {
        "offering": {"name": f"offerings/{key}", "title": TITLE},
        "update_mask": {"paths": ["title"]},
    },
    "WithdrawOffering": lambda key: {"name": f"offerings/{key}"},
    "PublishRelease": lambda key: {
        "parent": f"offerings/{key}",
        "release": {"version": "3.0.0", "interfaces": [INTERFACE]},
    },
    "GetRelease": lambda key: {"name": f"offerings/{key}/releases/1.0.0"},
    "ListReleases": lambda key: {"parent": f"offerings/{key}"},
    "DeprecateRelease": lambda key: {
        "name": f"offerings/{key}/releases/1.0.0",
        "sunset_time": {"seconds": 4_000_000_000},
    },
    "RetireRelease": lambda key: {"name": f"offerings/{key}/releases/1.0.0"},
    "GetConvergence": lambda key: {"name": f"offerings/{key}"},
    "CreateSubscription": lambda key: {
        "parent": "organisations/b",
        "subscription_id": "x",
        "subscription": {"offering": f"offerings/{key}", "system": "organisations/b/systems/gw"},
    },
    "BatchCreateSubscriptions": lambda key: {
        "requests": [
            {
                "parent": "organisations/b",
                "subscription_id": "x",
                "subscription": {"offering": f"offerings/{key}", "system": "organisations/b/systems/gw"},
            }
        ]
    },
    "ProposeAgreement": lambda key: {
        "agreement_id": "x",
        "agreement": {"offering": f"offerings/{key}", "party": "organisations/b"},
    },
    "Apply": lambda key: {"resources": [{"release": {"name": f"offerings/{key}/releases/3.0.0", "version": "3.0.0"}}]},
    "ListChanges": lambda key: {"name_prefix": f"offerings/{key}"},
    "ListOfferings": lambda key: {"filter": f'name = "offerings/{key}"'},
    "SearchOfferings": lambda key: {"query": key},
    "Export": lambda key: {"name_prefix": f"offerings/{key}"},
    "ListSubscriptions": lambda key: {"parent": "organisations/-", "filter": f'offering = "offerings/{key}"'},
    "ListAgreements": lambda key: {"filter": f'offering = "offerings/{key}"'},
}


@pytest.fixture
async def other(town: Guarded) -> Api:
    """Organisation b, beside an offering of a that is shown to d alone, and used by it."""
    api = town.operator
    request = offering_pb2.CreateOfferingRequest(
        offering_id=HIDDEN,
        offering={
            "provider": "organisations/a",
            "title": {"sv": f"Tjänst {HIDDEN}"},
            "terms": {"approval": 1},
            "visibility": RESTRICTED,
            "visible_to": ["organisations/d"],
        },
    )
    await api.offerings.CreateOffering(request)
    await api.publish(HIDDEN)
    await api.subscribe("d", HIDDEN)
    return town.api(town.secrets["of-b"])


def method(api: Api, name: str) -> Any:
    """The method of whichever service has it."""
    stubs = (getattr(stub, name, None) for stub in vars(api).values())
    return next(each for each in stubs if each is not None)


def request(name: str, key: str) -> Any:
    kind: Any = symbol_database.Default().GetSymbol(f"gemensam.registry.v1.{name}Request")
    return kind(**ASKED[name](key))


async def said(api: Api, name: str, key: str) -> str:
    """All that comes back, with the id taken out of it."""
    return await answered(method(api, name)(request(name, key)), key)


async def test_hidden_looks_as_missing(other: Api) -> None:
    hidden = {name: await said(other, name, HIDDEN) for name in ASKED}
    assert hidden == {name: await said(other, name, MISSING) for name in ASKED}


async def test_who_may_see_it_does(town: Guarded, other: Api) -> None:
    """So that the others see nothing for want of a right, and not because there is nothing."""
    assert other
    of_d = town.api(town.secrets["of-d"])
    for name in ("GetOffering", "ListReleases", "GetRelease", "GetConvergence", "SearchOfferings", "Export"):
        assert await said(of_d, name, HIDDEN) != await said(of_d, name, MISSING), name


async def test_it_is_in_no_list(other: Api) -> None:
    found = [
        await other.offerings.ListOfferings(offering_pb2.ListOfferingsRequest(page_size=1000)),
        await other.offerings.SearchOfferings(offering_pb2.SearchOfferingsRequest(query="tjänst")),
        await other.offerings.SearchOfferings(offering_pb2.SearchOfferingsRequest(query="secrelty")),
        await other.definitions.Export(ExportRequest(page_size=1000)),
        await other.feed.ListChanges(feed_pb2.ListChangesRequest(page_size=1000)),
    ]
    assert [HIDDEN in str(each) for each in found] == [False] * 5
    assert "permits" in str(found[0])


async def test_a_watch_shows_it_neither_at_first_nor_later(town: Guarded, other: Api) -> None:
    streams = [
        other.feed.Watch(feed_pb2.WatchRequest(with_snapshot=True)),
        other.feed.Watch(feed_pb2.WatchRequest(start_revision=1)),
    ]
    await town.operator.publish(HIDDEN, "1.1.0")
    await town.operator.offer("mark")
    for stream in streams:
        seen: list[str] = []
        async with asyncio.timeout(20):
            while not {"offerings/mark", "offerings/permits"} <= set(seen):  # a snapshot has them by name
                seen.append((await stream.read()).change.name)
        stream.cancel()
        assert not [each for each in seen if HIDDEN in each]


async def test_a_watch_no_longer_shows_what_has_been_hidden(town: Guarded, other: Api) -> None:
    """Also not to those who were shown an agreement of a class of it."""
    agreement = {"offering": "offerings/permits", "party_class": "kind = ORGANISATION_KIND_MUNICIPALITY"}
    method_ = method(town.operator, "ProposeAgreement")
    stream = other.feed.Watch(feed_pb2.WatchRequest())
    await stream.wait_for_connection()
    await method_(_propose(agreement))
    hide = offering_pb2.UpdateOfferingRequest(
        offering={"name": "offerings/permits", "visibility": RESTRICTED}, update_mask={"paths": ["visibility"]}
    )
    await town.operator.offerings.UpdateOffering(hide)
    await town.operator.publish("permits", "1.5.0")
    await town.operator.offer("mark")
    seen: list[str] = []
    async with asyncio.timeout(20):
        while "offerings/mark" not in seen:
            seen.append((await stream.read()).change.name)
    assert "offerings/permits/releases/1.5.0" not in seen


def _propose(agreement: dict[str, Any]) -> Any:
    kind: Any = symbol_database.Default().GetSymbol("gemensam.registry.v1.ProposeAgreementRequest")
    return kind(agreement_id="of-class", agreement=agreement)


async def test_two_callers_do_not_get_each_others_answers(town: Guarded, other: Api) -> None:
    """Replies are kept, for those who see the same."""
    of_d, request_ = town.api(town.secrets["of-d"]), request("GetOffering", HIDDEN)
    assert (await of_d.offerings.GetOffering(request_)).offering.name
    assert (await refused(other.offerings.GetOffering(request_))).code() == grpc.StatusCode.NOT_FOUND
    everything = request("ListOfferings", HIDDEN)
    assert len((await of_d.offerings.ListOfferings(everything)).offerings) == 1
    assert len((await other.offerings.ListOfferings(everything)).offerings) == 0


async def test_strangers_are_told_the_same(town: Guarded, other: Api) -> None:
    """A caller that acts for nobody reads what is public."""
    assert other
    await town.operator.body("s")
    stranger = await town.key("stranger", "s", "ONBOARD")
    for name in ("GetOffering", "GetRelease", "ListReleases", "GetConvergence", "SearchOfferings"):
        assert await said(stranger, name, HIDDEN) == await said(stranger, name, MISSING), name
    for stub, ask in (
        ("GetSystem", "organisations/a/systems/gw"),
        ("GetInterest", "organisations/a/interests/x"),
        ("GetSubscription", "organisations/d/subscriptions/use-secretly"),
        ("GetGrant", "grants/x"),
        ("GetKey", "keys/of-a"),
    ):
        kind: Any = symbol_database.Default().GetSymbol(f"gemensam.registry.v1.{stub}Request")
        assert (await refused(method(stranger, stub)(kind(name=ask)))).code() == grpc.StatusCode.NOT_FOUND, stub
