"""Every noun once: its message, its table, its columns, and which fields may be filtered and ordered by."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import Table

from registry.api.v1 import (
    access_pb2,
    agreement_pb2,
    capability_pb2,
    interest_pb2,
    offering_pb2,
    organisation_pb2,
    release_pb2,
    subscription_pb2,
    system_pb2,
)
from registry.api.v1.environment_pb2 import DESCRIPTOR as ENVIRONMENT
from registry.store import access_tables, tables

TEXT, NUMBER, ENUM, TIME, FOLDED = "text", "number", "enum", "time", "folded"
MEMBER, LISTED = "member", "listed"  # lists: in a table of their own, or as texts between spaces


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the API as a column: how its values are written decides the form."""

    column: str
    form: str
    enum: EnumDescriptor | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A noun of the registry as the store keeps it."""

    noun: str
    message: type[Message]
    table: Table
    fields: Mapping[str, Field]
    columns: Callable[[Any], dict[str, Any]]


def fold(text: str) -> str:
    """Text as it is compared: case folded."""
    return text.casefold()


def listed(names: Iterable[str]) -> str:
    """Names as one text, each between spaces."""
    return "".join(f" {name} " for name in names)


def micros(time: Timestamp) -> int:
    """Microseconds since 1970; 0 when not set."""
    return time.seconds * 1_000_000 + time.nanos // 1000


def _table(row: type) -> Table:
    return row.__table__  # type: ignore[attr-defined,no-any-return]


def _enum(message: type[Message], field: str) -> EnumDescriptor:
    return message.DESCRIPTOR.fields_by_name[field].enum_type  # type: ignore[return-value]


def _enum_field(message: type[Message], field: str) -> Field:
    return Field(field, ENUM, _enum(message, field))


def _texts(*names: str) -> dict[str, Field]:
    return {name: Field(name, TEXT) for name in names}


COMMON = {
    "name": Field("name", TEXT),
    "uid": Field("uid", TEXT),
    "create_time": Field("create_time_us", TIME),
    "update_time": Field("update_time_us", TIME),
}
ENVIRONMENT_FIELD = Field("environment", ENUM, ENVIRONMENT.enum_types_by_name["Environment"])


def _organisation(m: organisation_pb2.Organisation) -> dict[str, Any]:
    return {
        "kind": m.kind,
        "organisation_number": m.organisation_number,
        "host": m.host,
        "county_code": m.county_code,
        "municipality_code": m.municipality_code,
        "valid_to": m.valid_to,
        "inhabitants": m.size.inhabitants,
        "employees": m.size.employees,
        "title": fold(m.title.sv),
        "memberships": listed(m.memberships),
        "capabilities": listed(m.capabilities),
    }


def _offering(m: offering_pb2.Offering) -> dict[str, Any]:
    return {
        "provider": m.provider,
        "state": m.state,
        "visibility": m.visibility,
        "information_class": m.information_class,
        "title": fold(m.title.sv),
    }


def _subscription(m: subscription_pb2.Subscription) -> dict[str, Any]:
    return {
        "offering": m.offering,
        "system": m.system,
        "environment": m.environment,
        "state": m.state,
        "interest": m.interest,
        "phase": m.convergence.phase,
        "observed_release": m.convergence.observed_release,
        "report_time_us": micros(m.convergence.report_time),
        "proven_time_us": micros(m.convergence.proven_time),
        "agreement": m.agreement,
    }


_KINDS = [
    Kind(
        "organisation",
        organisation_pb2.Organisation,
        _table(tables.OrganisationRow),
        {
            "kind": _enum_field(organisation_pb2.Organisation, "kind"),
            **_texts("organisation_number", "host", "county_code", "municipality_code", "valid_to"),
            "size.inhabitants": Field("inhabitants", NUMBER),
            "size.employees": Field("employees", NUMBER),
            "title.sv": Field("title", FOLDED),
            "memberships": Field("memberships", LISTED),
            "capabilities": Field("capabilities", LISTED),
        },
        _organisation,
    ),
    Kind(
        "system",
        system_pb2.System,
        _table(tables.SystemRow),
        {"environment": ENVIRONMENT_FIELD},
        lambda m: {"environment": m.environment},
    ),
    Kind(
        "capability",
        capability_pb2.Capability,
        _table(tables.CapabilityRow),
        {"parent": Field("broader", TEXT), "state": _enum_field(capability_pb2.Capability, "state")},
        lambda m: {"broader": m.parent, "state": m.state},
    ),
    Kind(
        "offering",
        offering_pb2.Offering,
        _table(tables.OfferingRow),
        {
            "provider": Field("provider", TEXT),
            "capabilities": Field("capabilities", MEMBER),
            "title.sv": Field("title", FOLDED),
            **{name: _enum_field(offering_pb2.Offering, name) for name in ("state", "visibility", "information_class")},
        },
        _offering,
    ),
    Kind(
        "release",
        release_pb2.Release,
        _table(tables.ReleaseRow),
        {"state": _enum_field(release_pb2.Release, "state"), "version": Field("version", TEXT)},
        lambda m: {"state": m.state, "version": m.version},
    ),
    Kind(
        "interest",
        interest_pb2.Interest,
        _table(tables.InterestRow),
        {"mode": _enum_field(interest_pb2.Interest, "mode"), "system": Field("system", TEXT)},
        lambda m: {"mode": m.mode, "system": m.system},
    ),
    Kind(
        "agreement",
        agreement_pb2.Agreement,
        _table(tables.AgreementRow),
        {**_texts("offering", "party", "valid_to"), "state": _enum_field(agreement_pb2.Agreement, "state")},
        lambda m: {"offering": m.offering, "state": m.state, "party": m.party, "valid_to": m.valid_to},
    ),
    Kind(
        "subscription",
        subscription_pb2.Subscription,
        _table(tables.SubscriptionRow),
        {
            **_texts("offering", "system", "interest", "agreement"),
            "environment": ENVIRONMENT_FIELD,
            "state": _enum_field(subscription_pb2.Subscription, "state"),
            "convergence.phase": Field(
                "phase", ENUM, subscription_pb2.DESCRIPTOR.enum_types_by_name["ConvergencePhase"]
            ),
            "convergence.observed_release": Field("observed_release", TEXT),
        },
        _subscription,
    ),
    Kind(
        "grant",
        access_pb2.Grant,
        _table(access_tables.GrantRow),
        {**_texts("principal", "organisation"), "state": _enum_field(access_pb2.Grant, "state")},
        lambda m: {"principal": m.principal, "organisation": m.organisation, "state": m.state},
    ),
    Kind(
        "key",
        access_pb2.Key,
        _table(access_tables.KeyRow),
        {**_texts("organisation"), "state": _enum_field(access_pb2.Key, "state")},
        lambda m: {"organisation": m.organisation, "state": m.state},
    ),
]
KINDS: Mapping[str, Kind] = {kind.noun: kind for kind in _KINDS}
BY_MESSAGE: Mapping[type[Message], Kind] = {kind.message: kind for kind in _KINDS}
_BY_SEGMENTS = {
    ("organisations",): "organisation",
    ("organisations", "systems"): "system",
    ("capabilities",): "capability",
    ("offerings",): "offering",
    ("offerings", "releases"): "release",
    ("organisations", "interests"): "interest",
    ("agreements",): "agreement",
    ("organisations", "subscriptions"): "subscription",
    ("grants",): "grant",
    ("keys",): "key",
}


@lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind | None:
    """The kind that a resource name belongs to, or None when the name has no such form."""
    noun = _BY_SEGMENTS.get(tuple(name.split("/")[::2]))
    return KINDS[noun] if noun else None


def parent_of(name: str) -> str:
    """Name of the parent resource; '' at the top."""
    return "/".join(name.split("/")[:-2])
