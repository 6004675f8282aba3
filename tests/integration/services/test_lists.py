"""Every list in pages: whole, in order, once each, also when things change in between."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry.api.v1 import capability_service_pb2 as c
from registry.api.v1 import definition_service_pb2 as d
from registry.api.v1 import feed_service_pb2 as w
from registry.api.v1 import offering_service_pb2 as f
from registry.api.v1 import onboarding_service_pb2 as n
from registry.api.v1 import organisation_service_pb2 as o
from tests.integration.api import Api
from tests.integration.services.street import JOIN, make_system, order, verdict

LISTS: dict[str, tuple[str, str, Any, str]] = {
    "organisations": ("organisations", "ListOrganisations", o.ListOrganisationsRequest, ""),
    "systems": ("organisations", "ListSystems", o.ListSystemsRequest, "organisations/b"),
    "capabilities": ("capabilities", "ListCapabilities", c.ListCapabilitiesRequest, ""),
    "offerings": ("offerings", "ListOfferings", f.ListOfferingsRequest, ""),
    "releases": ("offerings", "ListReleases", f.ListReleasesRequest, "offerings/permits"),
    "interests": ("onboarding", "ListInterests", n.ListInterestsRequest, "organisations/b"),
    "subscriptions": ("onboarding", "ListSubscriptions", n.ListSubscriptionsRequest, "organisations/b"),
}


@pytest.fixture
async def filled(api: Api) -> Api:
    """Five of each, and one of another parent where there is one."""
    await api.body("a")
    await api.body("b")
    await api.offer("permits")
    await api.offer("zoo")
    await api.publish("zoo")
    for number in range(1, 6):
        await api.publish("permits", f"{number}.0.0")
        await api.capabilities.CreateCapability(
            c.CreateCapabilityRequest(capability_id=f"c{number}", capability={"title": {"sv": "C"}})
        )
        await make_system(api, "b", f"s{number}")
        system = f"organisations/b/systems/s{number}"
        await order(api, "b", f"i{number}", filter='name = "offerings/none"', system=system, mode=JOIN)
        request = n.CreateSubscriptionRequest(parent="organisations/b", subscription_id=f"u{number}")
        request.subscription.offering, request.subscription.system = "offerings/permits", system
        await api.onboarding.CreateSubscription(request)
    for key in "cde":
        await api.body(key)
        await api.offer(f"more-{key}")
        await api.subscribe(key, "permits")
    return api


async def pages(api: Api, noun: str, **fields: Any) -> AsyncIterator[Any]:
    stub, method, kind, parent = LISTS[noun]
    request = kind(**{"parent": parent, "page_size": 2, **fields})
    while True:
        page = await getattr(getattr(api, stub), method)(request)
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


async def names(api: Api, noun: str, **fields: Any) -> list[str]:
    return [each.name async for page in pages(api, noun, **fields) for each in getattr(page, noun)]


async def test_pages_give_each_once_in_order(filled: Api) -> None:
    for noun in LISTS:
        whole = await names(filled, noun, page_size=1000)
        paged = await names(filled, noun)
        assert paged == whole == sorted(whole)
        assert len(whole) >= 5
        assert await names(filled, noun, order_by="name desc") == whole[::-1]
        assert sorted(await names(filled, noun, order_by="update_time")) == whole
        assert await names(filled, noun, filter=f'name > "{whole[1]}"') == whole[2:]


async def test_a_hyphen_lists_over_all_parents(filled: Api) -> None:
    for noun in ("systems", "releases", "interests", "subscriptions"):
        stub, method, kind, parent = LISTS[noun]
        above = f"{parent.partition('/')[0]}/-"
        below, everywhere = await names(filled, noun), await names(filled, noun, parent=above)
        assert set(below) <= set(everywhere)
        assert len({name.rsplit("/", 2)[0] for name in everywhere}) > (noun != "interests")
        nowhere = await getattr(getattr(filled, stub), method)(kind(parent=above.replace("-", "none")))
        assert len(getattr(nowhere, noun)) == 0


async def test_a_token_goes_on_where_the_page_ended_whatever_has_changed(filled: Api) -> None:
    """What came before the token is not seen again; what is new behind it is seen; nothing is left out."""
    walk = pages(filled, "organisations")
    first = await anext(walk)
    assert [each.name for each in first.organisations] == ["organisations/a", "organisations/b"]
    await filled.body("aa")
    await filled.body("cc")
    change = {"name": "organisations/d", "title": {"sv": "Ny"}}
    await filled.organisations.UpdateOrganisation(
        o.UpdateOrganisationRequest(organisation=change, update_mask={"paths": ["title"]})
    )
    rest = [page async for page in walk]
    seen = [each.name.removeprefix("organisations/") for page in rest for each in page.organisations]
    assert seen == ["c", "cc", "d", "e"]
    assert [page.revision for page in rest] == sorted(page.revision for page in rest)
    assert rest[0].revision > first.revision


async def test_a_token_belongs_to_its_query(filled: Api) -> None:
    first = await anext(pages(filled, "interests"))
    changes: list[Any] = [{}, {"filter": "mode = JOIN"}, {"order_by": "name desc"}, {"parent": "organisations/-"}]
    told = []
    for change in changes:
        asked = {"parent": "organisations/b", "page_size": 2, "page_token": first.next_page_token, **change}
        told.append(await verdict(filled.onboarding.ListInterests(n.ListInterestsRequest(**asked))))
    assert told == ["", *["PAGE_TOKEN_INVALID"] * 3]


async def test_the_ledger_and_the_export_come_in_pages(filled: Api) -> None:
    changes, token = [], ""
    while True:
        page = await filled.feed.ListChanges(
            w.ListChangesRequest(page_size=7, page_token=token, kinds=["release", "interest"])
        )
        changes += page.changes
        if not (token := page.next_page_token):
            break
    assert [each.revision for each in changes] == sorted({each.revision for each in changes})
    assert len(changes) == 11
    exported, token = [], ""
    while True:
        page = await filled.definitions.Export(d.ExportRequest(page_size=3, page_token=token))
        exported += [each.WhichOneof("resource") for each in page.resources]
        if not (token := page.next_page_token):
            break
    counted = {noun: exported.count(noun) for noun in dict.fromkeys(exported)}
    assert counted == {"organisation": 5, "system": 10, "capability": 5, "offering": 5, "release": 6, "interest": 5}


STRANGE: dict[str, Any] = {
    "size.inhabitants >= 9223372036854775807": 0,
    "size.inhabitants < 9223372036854775807": 5,
    "size.inhabitants >= 9223372036854775808": "FILTER_INVALID",
    "size.inhabitants < 1.0e400": "FILTER_INVALID",
    'title.sv : "\0"': "FILTER_INVALID",
    "update_time < 9999-12-31T23:59:59Z": 5,
    "update_time < tomorrow": "FILTER_INVALID",
    'title.sv : "%_\\\\"': 0,
}


async def test_strange_values_are_answered_alike_and_never_a_fault(filled: Api) -> None:
    told: dict[str, Any] = {}
    for text in STRANGE:
        request = o.ListOrganisationsRequest(filter=text)
        told[text] = await verdict(filled.organisations.ListOrganisations(request))
        if not told[text]:
            told[text] = len((await filled.organisations.ListOrganisations(request)).organisations)
    assert told == STRANGE
