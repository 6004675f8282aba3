"""Size classes: every bound belongs to the class above it."""

import pytest

from registry.api.v1.organisation_pb2 import OrganisationKind
from registry.domain.size_class import size_class

MUNICIPALITY, REGION = OrganisationKind.ORGANISATION_KIND_MUNICIPALITY, OrganisationKind.ORGANISATION_KIND_REGION
AGENCY = OrganisationKind.ORGANISATION_KIND_STATE_AGENCY


@pytest.mark.parametrize(
    ("kind", "inhabitants", "employees", "found"),
    [
        (MUNICIPALITY, 0, 5.0, "UNKNOWN"),
        (MUNICIPALITY, 1, 0, "INHABITANTS_UNDER_15000"),
        (MUNICIPALITY, 14_999, 0, "INHABITANTS_UNDER_15000"),
        (MUNICIPALITY, 15_000, 0, "INHABITANTS_15000_49999"),
        (MUNICIPALITY, 49_999, 0, "INHABITANTS_15000_49999"),
        (MUNICIPALITY, 50_000, 0, "INHABITANTS_50000_199999"),
        (MUNICIPALITY, 199_999, 0, "INHABITANTS_50000_199999"),
        (REGION, 200_000, 0, "INHABITANTS_FROM_200000"),
        (AGENCY, 200_000, 0, "UNKNOWN"),
        (AGENCY, 0, 0.25, "EMPLOYEES_UNDER_10"),
        (AGENCY, 0, 9.9, "EMPLOYEES_UNDER_10"),
        (AGENCY, 0, 10, "EMPLOYEES_10_49"),
        (AGENCY, 0, 49.75, "EMPLOYEES_10_49"),
        (AGENCY, 0, 50, "EMPLOYEES_50_249"),
        (AGENCY, 0, 250, "EMPLOYEES_FROM_250"),
    ],
)
def test_every_size_has_a_class(kind: int, inhabitants: int, employees: float, found: str) -> None:
    assert size_class(kind, inhabitants, employees) == found
