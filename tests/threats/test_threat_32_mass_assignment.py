"""Threat 32: mass assignment and masks. What the registry sets, no client sets, by any noun's create or update."""

from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from registry.api.v1 import offering_service_pb2 as offering_pb2
from registry.api.v1 import organisation_service_pb2 as organisation_pb2
from registry.domain import mask
from registry.domain.nouns import NOUNS
from registry.domain.ownership import PROTECTED
from registry.errors import Invalid
from tests.integration.api import reason
from tests.threats.guarded import Guarded, refused

NAMES = {"name"}  # says which resource it is
SERVER_OWNED = [
    (noun, field.name)
    for noun, rules in NOUNS.items()
    for field in rules.kind.DESCRIPTOR.fields
    if field.name not in rules.settable and field.name not in NAMES
]
A = "organisations/a"
VALUES: dict[str, Any] = {"size": {"inhabitants": 5, "source": "SCB"}, "memberships": ["organisations/d"], "kind": 2}
TEXTS = {"organisation_number": "5560360793", "county_code": "01", "municipality_code": "0180"}
DAYS = {"valid_from": "2020-01-01", "valid_to": "2090-01-01", "predecessors": ["organisations/d"]}


def test_the_server_owns_what_makes_a_record() -> None:
    for noun in NOUNS:
        assert {(noun, name) for name in ("uid", "etag", "revision", "create_time", "update_time")} <= set(SERVER_OWNED)
    assert {("key", "sha256"), ("grant", "state"), ("grant", "approved_by"), ("key", "granted_by")} <= set(SERVER_OWNED)


@pytest.mark.parametrize(("noun", "field"), SERVER_OWNED)
def test_a_client_does_not_set_it_and_cannot_name_it_in_a_mask(noun: str, field: str) -> None:
    rules = NOUNS[noun]
    sent: Any = rules.kind()
    described = rules.kind.DESCRIPTOR.fields_by_name[field]
    if described.is_repeated and described.message_type is None:
        getattr(sent, field).append("x")
    elif described.is_repeated:
        getattr(sent, field).add()
    elif described.message_type is not None:
        getattr(sent, field).SetInParent()
    else:
        setattr(sent, field, 1 if described.type != described.TYPE_STRING else "x")
    assert sent.ListFields()
    mask.settable(sent, rules.settable)
    assert not [each.name for each, _ in sent.ListFields()]
    with pytest.raises(Invalid) as refusal:
        mask.paths(FieldMask(paths=[field]), rules.kind, rules.settable)
    assert refusal.value.violations


async def test_a_client_does_not_write_the_record(town: Guarded) -> None:
    api = town.api(town.secrets["of-a"])
    sent = {
        "provider": A,
        "title": {"sv": "Ny"},
        "uid": "mine",
        "etag": "mine",
        "revision": 7,
        "state": 2,
        "create_time": {"seconds": 1},
    }
    request = offering_pb2.CreateOfferingRequest(offering_id="new", offering=sent)
    made = (await api.offerings.CreateOffering(request)).offering
    assert (made.state, made.revision) == (1, await town.head())
    assert "mine" not in {made.uid, made.etag}
    assert made.create_time.seconds > 1
    masked = offering_pb2.UpdateOfferingRequest(offering=made, update_mask={"paths": ["revision"]})
    assert (await refused(api.offerings.UpdateOffering(masked))).code().name == "INVALID_ARGUMENT"


async def test_an_organisation_does_not_change_what_others_decide_by(town: Guarded) -> None:
    api, values = town.api(town.secrets["of-a"]), {**VALUES, **TEXTS, **DAYS}
    assert values.keys() == set(PROTECTED)
    before = await town.head()
    for field in PROTECTED:
        request = organisation_pb2.UpdateOrganisationRequest(
            organisation={"name": A, field: values[field]}, update_mask={"paths": [field]}
        )
        error = await refused(api.organisations.UpdateOrganisation(request))
        assert reason(error)[:2] == ("PERMISSION_DENIED", "FIELD_PROTECTED"), field
        assert reason(error)[2]["field"] == field
    assert await town.head() == before
