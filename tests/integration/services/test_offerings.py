"""Offerings and the search for them."""

from typing import Any

import pytest

from registry.api.v1 import capability_service_pb2 as c
from registry.api.v1 import offering_service_pb2 as f
from tests.integration.api import Api
from tests.integration.services.street import refusal, verdict

OFFERINGS = {
    "permits": ("Bygglov på nätet", "Building permits", "Ansök om bygglov och följ ärendet."),
    "school": ("Skolval", "School choice", "Val av skola för barn i förskoleklass."),
    "archive": ("E-arkiv", "E-archive", "Bevarande av handlingar, även från bygglovsärenden."),
    "percent": ("100 % digitalt", "Fully digital", "Under_streck och procent."),
}


@pytest.fixture
async def filled(api: Api) -> Api:
    await api.body("a")
    for key, (sv, en, text) in OFFERINGS.items():
        offering = {"provider": "organisations/a", "title": {"sv": sv, "en": en}, "description": {"sv": text}}
        await api.offerings.CreateOffering(f.CreateOfferingRequest(offering_id=key, offering=offering))
    return api


async def search(api: Api, query: str, **fields: Any) -> list[str]:
    found = await api.offerings.SearchOfferings(f.SearchOfferingsRequest(query=query, **fields))
    return [each.name.removeprefix("offerings/") for each in found.offerings]


SEARCHES = {
    "bygglov": ["permits", "archive"],
    "BYGG": ["permits", "archive"],
    "bygglov nätet": ["permits"],
    "nätet  bygglov!": ["permits"],
    "school": ["school"],
    "ÄRENDET": ["permits", "archive"],
    "e-arkivet": ["archive"],
    "arkiv": ["archive"],
    "100 %": ["percent"],
    "1%": [],  # a word so short begins none
    "0%": [],
    "under_streck": ["percent"],
    "under%streck": ["percent"],
    "skolval förskoleklass barn": ["school"],
    "skolval bygglov": ["school", "permits", "archive"],  # none has both
    "ingenstans": [],
}


async def test_the_best_come_first(filled: Api) -> None:
    assert {query: await search(filled, query) for query in SEARCHES} == SEARCHES


async def test_an_answer_says_how_good_it_is_what_it_is_made_of_and_what_was_corrected(filled: Api) -> None:
    change: Any = {"name": "offerings/permits", "capabilities": ["capabilities/lov"]}
    await filled.capabilities.CreateCapability(
        c.CreateCapabilityRequest(capability_id="lov", capability={"title": {"sv": "Lov"}})
    )
    await filled.offerings.UpdateOffering(
        f.UpdateOfferingRequest(offering=change, update_mask={"paths": ["capabilities"]})
    )
    found = await filled.offerings.SearchOfferings(f.SearchOfferingsRequest(query="byglov på nätez", page_size=1))
    assert [each.name for each in found.offerings] == ["offerings/permits"]
    assert (len(found.scores), found.scores[0] > 0, found.revision > 0) == (1, True, True)
    assert found.corrected_query == "bygglov på nätet"
    told = [(each.field, each.value, each.count) for each in found.facets]
    assert told == [("capability", "capabilities/lov", 1), ("provider_kind", "MUNICIPALITY", 1)]


async def test_search_is_filtered_and_paged_like_a_list(filled: Api) -> None:
    await filled.offerings.WithdrawOffering(f.WithdrawOfferingRequest(name="offerings/archive"))
    assert await search(filled, "bygglov", filter="state = ACTIVE") == ["permits"]
    first = await filled.offerings.SearchOfferings(f.SearchOfferingsRequest(query="bygglov", page_size=1))
    assert [each.name for each in first.offerings] == ["offerings/permits"]
    second = f.SearchOfferingsRequest(query="bygglov", page_size=1, page_token=first.next_page_token)
    found = await filled.offerings.SearchOfferings(second)
    assert [each.name for each in found.offerings] == ["offerings/archive"]
    assert (len(first.facets) > 0, len(found.facets), found.next_page_token) == (True, 0, "")
    token = first.next_page_token
    call = filled.offerings.SearchOfferings(f.SearchOfferingsRequest(query="arkiv", page_size=1, page_token=token))
    assert (await refusal(call))[1] == "PAGE_TOKEN_INVALID"
    change = {"name": "offerings/school", "title": {"sv": "Bygglovsskola"}}
    await filled.offerings.UpdateOffering(f.UpdateOfferingRequest(offering=change, update_mask={"paths": ["title"]}))
    assert await search(filled, "bygglovsskola") == ["school"]
    assert await search(filled, "choice") == []


async def test_a_search_without_words_is_refused(filled: Api) -> None:
    told = [await verdict(search(filled, query)) for query in ("", "%!", "x" * 200, "x" * 201)]
    assert told == ["FIELD_INVALID", "FIELD_INVALID", "", "LIMIT_EXCEEDED"]


async def test_defaults_are_filled_in_and_the_provider_stays(filled: Api) -> None:
    read = (await filled.offerings.GetOffering(f.GetOfferingRequest(name="offerings/school"))).offering
    assert (read.state, read.visibility, read.terms.approval) == (1, 1, 2)
    await filled.body("b")
    change = {"name": "offerings/school", "provider": "organisations/b"}
    request = f.UpdateOfferingRequest(offering=change, update_mask={"paths": ["provider"]})
    assert (await refusal(filled.offerings.UpdateOffering(request)))[1] == "FIELD_IMMUTABLE"


async def test_parts_of_the_terms_are_changed_alone(filled: Api) -> None:
    change = {"name": "offerings/school", "terms": {"notice_days": 90, "approval": 1}}
    request = f.UpdateOfferingRequest(offering=change, update_mask={"paths": ["terms.notice_days"]})
    terms = (await filled.offerings.UpdateOffering(request)).offering.terms
    assert (terms.notice_days, terms.approval) == (90, 2)


TERMS: list[tuple[Any, str]] = [
    ({"notice_days": 3650}, ""),
    ({"notice_days": 3651}, "FIELD_INVALID"),
    ({"notice_days": -1}, "FIELD_INVALID"),
    ({"eligibility": "kind = MUNICIPALITY AND county_code = 22"}, ""),
    ({"eligibility": "kind = PLANET"}, "FILTER_INVALID"),
    ({"eligibility": "digital_lead = x"}, "FILTER_INVALID"),
]


async def test_terms_are_checked_when_they_are_written(filled: Api) -> None:
    told = []
    for number, (terms, _) in enumerate(TERMS):
        offering = {"provider": "organisations/a", "title": {"sv": "T"}, "terms": terms}
        request = f.CreateOfferingRequest(offering_id=f"x{number}", offering=offering)
        told.append(await verdict(filled.offerings.CreateOffering(request)))
    assert told == [why for _, why in TERMS]


async def test_withdrawal_is_for_good(filled: Api) -> None:
    name = "offerings/school"
    done = await filled.offerings.WithdrawOffering(f.WithdrawOfferingRequest(name=name))
    assert done.offering.state == 2
    assert (await refusal(filled.offerings.WithdrawOffering(f.WithdrawOfferingRequest(name=name))))[
        1
    ] == "STATE_TRANSITION_ILLEGAL"
    assert (await refusal(filled.publish("school")))[1] == "STATE_TRANSITION_ILLEGAL"
    change = {"name": name, "state": 1, "title": {"sv": "Ny"}}
    request = f.UpdateOfferingRequest(offering=change, update_mask={"paths": ["state"]})
    assert (await refusal(filled.offerings.UpdateOffering(request)))[1] == "FIELD_MASK_INVALID"
    kept = await filled.offerings.UpdateOffering(
        f.UpdateOfferingRequest(offering={**change, "provider": "organisations/a"})
    )
    assert kept.offering.state == 2
