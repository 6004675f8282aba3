"""Rules of systems: every system runs in one environment."""

from registry.api.v1.system_pb2 import System
from registry.domain import text
from registry.domain.names import parent
from registry.domain.rules import Reference, Rules
from registry.domain.violations import Violations


def _check(message: System, found: Violations) -> None:
    text.title(message.title, "title", found)
    text.enum(message, "environment", found, required=True)


RULES = Rules(
    noun="system",
    kind=System,
    settable=("title", "environment", "labels", "annotations"),
    immutable=("environment",),
    check=_check,
    references=lambda message: [Reference("parent", "organisation", parent(message.name))],
)
