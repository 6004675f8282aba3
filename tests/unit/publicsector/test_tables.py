"""The tables kept here: every kind with its count, every number right, every host found, every name its own."""

from collections import Counter

import pytest

from registry import publicsector
from registry.api.v1.organisation_pb2 import Organisation, OrganisationKind
from registry.domain import names
from registry.domain.organisation_number import is_valid


@pytest.fixture(scope="module")
def loaded() -> publicsector.Loaded:
    """Everything that is kept here."""
    return publicsector.load()


@pytest.fixture(scope="module")
def bodies(loaded: publicsector.Loaded) -> dict[str, Organisation]:
    """The organisations by the last segment of their names."""
    return {names.last(entry.organisation.name): entry.organisation for entry in loaded.entries}


def test_every_row_is_taken_once(loaded: publicsector.Loaded, bodies: dict[str, Organisation]) -> None:
    assert loaded.problems == []
    assert len(bodies) == len(loaded.entries) == 654
    assert all(names.is_valid(entry.organisation.name, "organisation") for entry in loaded.entries)


def test_counts_by_kind(bodies: dict[str, Organisation]) -> None:
    counts = Counter(OrganisationKind.Name(body.kind).removeprefix("ORGANISATION_KIND_") for body in bodies.values())
    assert counts == {
        "MUNICIPALITY": 290,
        "REGION": 17,
        "COUNTY_BOARD": 21,
        "STATE_AGENCY": 214,
        "COURT": 82,
        "UNIVERSITY": 30,
    }
    assert Counter(body.labels["form"] for body in bodies.values() if "form" in body.labels) == {
        "affarsverk": 3,
        "ap-fond": 6,
        "riksdagsmyndighet": 5,
    }


def test_numbers_are_right_and_only_those_of_courts_are_shared(bodies: dict[str, Organisation]) -> None:
    numbers = Counter(body.organisation_number for body in bodies.values() if body.organisation_number)
    assert all(is_valid(number) for number in numbers)
    assert [number for number, count in numbers.items() if count > 1] == ["2021002742"]
    assert numbers["2021002742"] == 81
    without = [body.title.sv for body in bodies.values() if not body.organisation_number]
    assert len(without) == 7
    assert all(title.startswith("Region ") for title in without)


def test_gotland_is_one_organisation(bodies: dict[str, Organisation]) -> None:
    assert bodies["gotland"].kind == OrganisationKind.ORGANISATION_KIND_MUNICIPALITY
    assert dict(bodies["gotland"].labels) == {"duties": "region"}
    assert [key for key in bodies if "gotland" in key and "ster" not in key] == [
        "gotland",
        "gotlands-tingsratt",
        "lansstyrelsen-i-gotlands-lan",
    ]


def test_hosts(loaded: publicsector.Loaded, bodies: dict[str, Organisation]) -> None:
    hosted = [body for body in bodies.values() if body.host]
    assert len(hosted) == 44
    assert all(names.last(body.host) in bodies for body in hosted)
    assert bodies["klimatpolitiska-radet"].host.startswith("organisations/forskningsradet-for-miljo")
    assert bodies["ilo-kommitten"].host == "organisations/regeringskansliet"
    [problem] = loaded.unresolved
    assert str(problem).startswith("statliga_organisationer.csv:152: The host of organisations/arbetsformedlingen")


def test_codes_and_sizes_say_where_they_come_from(bodies: dict[str, Organisation]) -> None:
    places = [body for body in bodies.values() if body.kind == OrganisationKind.ORGANISATION_KIND_MUNICIPALITY]
    assert all(body.municipality_code.startswith(body.county_code) for body in places)
    assert sum(body.size.inhabitants for body in places) == 10_609_461
    assert all("demo only" in body.size.source and not body.size.as_of for body in places)
    boards = [body for body in bodies.values() if body.kind == OrganisationKind.ORGANISATION_KIND_COUNTY_BOARD]
    assert len({body.county_code for body in boards}) == 21
    agency = bodies["skatteverket"]
    assert (agency.size.employees, agency.size.as_of) == (8906.05, "2025")
    assert "stkt.json" in agency.size.source


@pytest.mark.parametrize(
    ("key", "title"),
    [
        ("upplands-vasby", "Upplands Väsby"),
        ("habo-0305", "Håbo"),
        ("habo-0643", "Habo"),
        ("region-ostergotland", "Region Östergötland"),
        ("lansstyrelsen-i-vastra-gotalands-lan", "Länsstyrelsen i Västra Götalands län"),
        ("totalforsvarets-forskningsinstitut-foi", "Totalförsvarets forskningsinstitut, FOI"),
        ("sveriges-geologiska-undersokning", "Sveriges geologiska undersökning"),
        ("ilo-kommitten", "ILO-kommittén"),
        ("andra-ap-fonden", "Andra AP-fonden"),
        ("hovratten-over-skane-och-blekinge", "Hovrätten över Skåne och Blekinge"),
        ("hogskolan-i-boras", "Högskolan i Borås"),
        ("e-halsomyndigheten", "E-hälsomyndigheten"),
        ("linneuniversitetet", "Linnéuniversitetet"),
        ("tandvards-och-lakemedelsformansverket-tlv", "Tandvårds- och läkemedelsförmånsverket, TLV"),
        (
            "stockholms-tingsratt-och-patent-och-marknadsdomstolen",
            "Stockholms tingsrätt och Patent- och marknadsdomstolen",
        ),
        (
            "institutet-for-arbetsmarknads-och-utbildningspolitisk",
            "Institutet för arbetsmarknads- och utbildningspolitisk utvärdering",
        ),
    ],
)
def test_titles_and_names(bodies: dict[str, Organisation], key: str, title: str) -> None:
    assert bodies[key].title.sv == title


def test_no_title_is_left_in_capitals(bodies: dict[str, Organisation]) -> None:
    assert [body.title.sv for body in bodies.values() if body.title.sv.isupper()] == []
