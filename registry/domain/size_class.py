"""Size classes: what is counted together where organisations are told apart by how large they are.

Inhabitants have the bounds of SKR's groups of municipalities (Kommungruppsindelning 2023: A1 200,000, B3 50,000, C6
15,000), which SKR applies wholly or partly to the largest town of each; here they are applied to the whole, the only
figure that the registry has. Employees have those of Commission Recommendation 2003/361/EC, annex, article 2: fewer
than 10, 50 and 250, without its bounds of turnover.
"""

from registry.api.v1.organisation_pb2 import OrganisationKind

INHABITANTS = (15_000, 50_000, 200_000)
EMPLOYEES = (10, 50, 250)
UNKNOWN = "UNKNOWN"
_BY_INHABITANTS = frozenset(
    {OrganisationKind.ORGANISATION_KIND_MUNICIPALITY, OrganisationKind.ORGANISATION_KIND_REGION}
)


def size_class(kind: int, inhabitants: int, employees: float) -> str:
    """The class of an organisation; 0 means that the figure is not known."""
    if kind in _BY_INHABITANTS:
        return _named("INHABITANTS", inhabitants, INHABITANTS)
    return _named("EMPLOYEES", employees, EMPLOYEES)


def _named(word: str, figure: float, bounds: tuple[int, ...]) -> str:
    if not figure:
        return UNKNOWN
    if figure < bounds[0]:
        return f"{word}_UNDER_{bounds[0]}"
    if figure >= bounds[-1]:
        return f"{word}_FROM_{bounds[-1]}"
    above = next(bound for bound in bounds if figure < bound)
    return f"{word}_{bounds[bounds.index(above) - 1]}_{above - 1}"
