"""What only operators ask of a snapshot: the registry as a whole, whoever it is shown to."""

from collections.abc import Sequence
from typing import Any, Protocol

from registry.api.v1.change_pb2 import Change


class Overall(Protocol):
    """All subscriptions, and one resource's whole history. Nobody is asked whether it is shown."""

    def whereabouts(self) -> Sequence[Any]:
        """Subscriptions that are not over: rows of name, offering, state, phase, observed_release, report_time_us."""

    def reported(self, names: Sequence[str]) -> list[Any]:
        """What is counted of the named subscriptions that there are (`ConvergenceRow`), in no order."""

    def history(self, name: str, limit: int) -> list[Change]:
        """Ledger entries of one resource, the newest first."""
