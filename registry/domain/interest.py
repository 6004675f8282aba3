"""Rules of interests: a readable filter over offerings, and a system where it is needed."""

from registry.api.v1.interest_pb2 import Interest, InterestMode
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import filter as filters
from registry.domain import text
from registry.domain.names import parent
from registry.domain.rules import Lookup, Reference, Rules
from registry.domain.violations import Violations
from registry.errors import RegistryError

JOIN, PROPOSE = InterestMode.INTEREST_MODE_JOIN, InterestMode.INTEREST_MODE_PROPOSE
FILTER_FIELDS = frozenset(
    {"name", "provider", "capabilities", "state", "visibility", "information_class", "title.sv", "terms.approval"}
)


def _check(message: Interest, found: Violations) -> None:
    text.enum(message, "mode", found, required=True)
    text.name(message.system, "system", "system", found, required=message.mode in {JOIN, PROPOSE})
    try:
        node = filters.parse(message.filter)
        if node is None:
            found.add("filter", "is required; * is not taken: say which capabilities or providers")
        filters.check(node, Offering, FILTER_FIELDS)
    except RegistryError as error:
        found.take("filter", error)


def _fits(after: Interest, _before: Interest | None, lookup: Lookup, found: Violations) -> None:
    check_system(after.system, parent(after.name), lookup, found)


def check_system(system: str, organisation: str, lookup: Lookup, found: Violations) -> None:
    """The system belongs to the organisation, or to the host that acts for it."""
    owner = parent(system)
    if not system or owner == organisation:
        return
    body = lookup.get(Organisation, organisation)
    if body is None or owner != body.host:
        found.add("system", f"must belong to {organisation} or to its host, and {system} does not")


RULES = Rules(
    noun="interest",
    kind=Interest,
    settable=("filter", "mode", "system", "labels", "annotations"),
    check=_check,
    references=lambda message: [
        Reference("parent", "organisation", parent(message.name)),
        *([Reference("system", "system", message.system)] if message.system else []),
    ],
    fits=_fits,
)
