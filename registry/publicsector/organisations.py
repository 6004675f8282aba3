"""Rows of the tables as drafts of organisations, kind by kind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from registry.api.v1.organisation_pb2 import Organisation, OrganisationKind
from registry.domain.organisation_number import normalise
from registry.domain.problem import Place, Problem, quoted
from registry.errors import Invalid
from registry.publicsector import tables
from registry.publicsector.tables import Refused, Row, Tables
from registry.publicsector.titles import Titles

Kind = OrganisationKind
POPULATION_SOURCE = (
    "Jacobhaf/malarnas-se src/data/raw-locations.ts; demo only: the source states neither day nor origin"
)
EMPLOYEES_SOURCE = "civictechsweden/myndighetsdata data/stkt.json"
_MUNICIPAL = "212000"  # how the numbers of municipalities begin
DUTIES, FORM, WEBSITE = "duties", "form", "website"
# Our classification of the state's table: kind, and a label for what is finer than a kind.
_KINDS = {
    "lansstyrelse": (Kind.ORGANISATION_KIND_COUNTY_BOARD, ""),
    "statlig_myndighet": (Kind.ORGANISATION_KIND_STATE_AGENCY, ""),
    "affarsverk": (Kind.ORGANISATION_KIND_STATE_AGENCY, "affarsverk"),
    "ap_fond": (Kind.ORGANISATION_KIND_STATE_AGENCY, "ap-fond"),
    "riksdagsmyndighet": (Kind.ORGANISATION_KIND_STATE_AGENCY, "riksdagsmyndighet"),
    "domstol": (Kind.ORGANISATION_KIND_COURT, ""),
    "larosate": (Kind.ORGANISATION_KIND_UNIVERSITY, ""),
    "statligt_bolag": (Kind.ORGANISATION_KIND_STATE_COMPANY, ""),
    "kommunalforbund": (Kind.ORGANISATION_KIND_MUNICIPAL_ASSOCIATION, ""),
    "privat_leverantor": (Kind.ORGANISATION_KIND_PRIVATE_SUPPLIER, ""),
    "forening": (Kind.ORGANISATION_KIND_ASSOCIATION, ""),
}


@dataclass(slots=True)
class Draft:
    """An organisation without its name and host, which need all the others. `code` tells it from one of the same title.

    `called` are other ways in which the tables write it.
    """

    organisation: Organisation
    place: Place
    code: str
    host: str = ""
    called: tuple[str, ...] = ()


def drafts(found: Tables) -> Iterator[Draft]:
    """Everything that the tables hold. Rows that are not taken are noted."""
    municipalities = list(_each(found, tables.MUNICIPALITIES, ("kommunkod", "namn", "lanskod", "orgnr"), _municipality))
    _populations(found, municipalities)
    yield from _regions(found, municipalities)
    yield from municipalities
    yield from _state(found)


def _each(found: Tables, table: str, columns: tuple[str, ...], make: Callable[[Row], Draft]) -> Iterator[Draft]:
    for row in found.rows(table, *columns):
        try:
            yield make(row)
        except Refused as error:
            found.note(row, error)


def _municipality(row: Row) -> Draft:
    body = _body(row, Kind.ORGANISATION_KIND_MUNICIPALITY, row["namn"])
    body.county_code, body.municipality_code = row["lanskod"], row["kommunkod"]
    return Draft(body, row.place, row["kommunkod"])


def _populations(found: Tables, municipalities: list[Draft]) -> None:
    by_code = {draft.organisation.municipality_code: draft.organisation for draft in municipalities}
    for row in found.reference(tables.POPULATIONS, "kommunkod", "invanare"):
        try:
            if (body := by_code.get(row["kommunkod"])) is not None:
                body.size.inhabitants = int(tables.number(row, "invanare"))
                body.size.as_of, body.size.source = row["datum"], row["kalla"] or POPULATION_SOURCE
        except Refused as error:
            found.note(row, error)


def _regions(found: Tables, municipalities: list[Draft]) -> Iterator[Draft]:
    """Regions; a municipality with the duties of a region is one organisation, and not two."""
    by_number = {each.organisation.organisation_number: each.organisation for each in municipalities}
    for draft in _each(found, tables.REGIONS, ("lanskod", "namn", "orgnr"), _region):
        number = draft.organisation.organisation_number
        if not number.startswith(_MUNICIPAL):
            yield draft
        elif number in by_number:
            by_number[number].labels[DUTIES] = "region"
        else:
            wrong = (
                f"The number is of a municipality with the duties of a region: {tables.MUNICIPALITIES} must hold it."
            )
            found.problems.append(Problem(draft.place, wrong))


def _region(row: Row) -> Draft:
    body = _body(row, Kind.ORGANISATION_KIND_REGION, row["namn"])
    body.county_code = row["lanskod"]
    return Draft(body, row.place, row["lanskod"])


def _state(found: Tables) -> Iterator[Draft]:
    places = [row["namn"] for row in Tables(None, []).reference((tables.MUNICIPALITIES,))]
    counties = {row["lansstyrelse_orgnr"]: row for row in found.reference((tables.COUNTIES,), "lanskod", "namn")}
    regions = [row["namn"] for row in Tables(None, []).reference((tables.REGIONS,))]
    titles = Titles([*places, *regions, *(row["namn"] for row in counties.values())])
    corrections = {row["namn_enligt_scb"]: row for row in found.reference((tables.CORRECTIONS,), "namn_enligt_scb")}

    def make(row: Row) -> Draft:
        if row["kind"] not in _KINDS:
            raise Refused(f"kind must be one of {', '.join(_KINDS)}, and not {quoted(row['kind'])}.")
        kind, form = _KINDS[row["kind"]]
        corrected = corrections.get(row["namn_enligt_scb"])
        title = (corrected["titel"] if corrected else "") or titles.ordinary(row["namn_enligt_scb"])
        body = _body(row, kind, title)
        if county := counties.get(body.organisation_number):
            body.county_code = county["lanskod"]
        if form:
            body.labels[FORM] = form
        if row["webb"]:
            body.annotations[WEBSITE] = row["webb"]
        if row["arsarbetskrafter"]:
            body.size.employees = tables.number(row, "arsarbetskrafter")
            body.size.as_of, body.size.source = row["ar"], row["kalla"] or EMPLOYEES_SOURCE
        called = tuple(corrected["aven_kallad"].split("|")) if corrected else ()
        return Draft(body, row.place, body.organisation_number, row["vardmyndighet"], called)

    yield from _each(found, tables.STATE, ("orgnr", "namn_enligt_scb", "kind"), make)


def _body(row: Row, kind: "Kind.ValueType", title: str) -> Organisation:
    if not title:
        raise Refused("The row has no name.")
    body = Organisation(kind=kind)
    body.title.sv = title
    if row["orgnr"]:
        try:
            body.organisation_number = normalise(row["orgnr"])
        except Invalid as error:
            raise Refused(f"orgnr: {error.message}") from error
    return body
