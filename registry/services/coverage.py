"""Which organisations have taken a step: all of them, and by kind, county and size class."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from registry.api.v1.onboarding_service_pb2 import Coverage, CoverageDimension
from registry.api.v1.organisation_pb2 import OrganisationKind
from registry.domain.size_class import size_class

ALL, KIND = CoverageDimension.COVERAGE_DIMENSION_ALL, CoverageDimension.COVERAGE_DIMENSION_KIND
COUNTY = CoverageDimension.COVERAGE_DIMENSION_COUNTY
SIZE_CLASS = CoverageDimension.COVERAGE_DIMENSION_SIZE_CLASS
Group = tuple["CoverageDimension.ValueType", str]


def coverage(bodies: Iterable[Any], done: Collection[str], excused: Collection[str]) -> list[Coverage]:
    """A row for each group that any of the bodies (`reader.BodyRow`) is in; `done` and `excused` hold names."""
    required: Counter[Group] = Counter({(ALL, ""): 0})
    converged: Counter[Group] = Counter()
    spared: Counter[Group] = Counter()
    for body in bodies:
        groups = list(_groups(body))
        if body.name in excused:
            spared.update(groups)
            continue
        required.update(groups)
        if body.name in done:
            converged.update(groups)
    return [
        Coverage(
            dimension=group[0],
            value=group[1],
            required=required[group],
            converged=converged[group],
            excused=spared[group],
        )
        for group in sorted(required.keys() | spared.keys())
    ]


def _groups(body: Any) -> Iterator[Group]:
    yield ALL, ""
    yield KIND, OrganisationKind.Name(body.kind).removeprefix("ORGANISATION_KIND_")
    yield COUNTY, body.county_code
    yield SIZE_CLASS, size_class(body.kind, body.inhabitants, body.employees)
