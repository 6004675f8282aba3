"""What holds for every resource."""

import pytest

from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import document, organisation
from registry.errors import Invalid

PERSON = "741103-4346"


def body(**fields: str) -> Organisation:
    """A municipality."""
    message = Organisation(name="organisations/a", kind=1, **fields)  # type: ignore[arg-type]
    message.title.sv = "A"
    return message


def test_identifiers_made_by_machines_may_look_like_anything() -> None:
    document.check(organisation.RULES, body(uid="65d58462-d882-41b4-bfd0-7411034346d2", etag=f"e-{PERSON}"))


@pytest.mark.parametrize(
    "field", ["title.sv", "digital_lead", "labels", "labels.a", "labels.uid", "annotations.sha256"]
)
def test_personal_numbers_are_found_wherever_people_write(field: str) -> None:
    message = body()
    path, _, last = field.partition(".")
    if path == "title":
        message.title.sv = f"A {PERSON}"
    elif path == "digital_lead":
        message.digital_lead = f"https://a.example/{PERSON}"
    else:
        getattr(message, path)[last or PERSON] = PERSON if last else "x"
    with pytest.raises(Invalid) as refused:
        document.check(organisation.RULES, message)
    assert field in [path for path, _ in refused.value.violations]
    assert refused.value.reason == "PERSONAL_DATA_REFUSED"
