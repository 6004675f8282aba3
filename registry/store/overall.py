"""What only operators ask of a snapshot: the registry as a whole, whoever it is shown to."""

from collections.abc import Collection
from typing import Any, Protocol

from registry.api.v1.change_pb2 import Change


class Overall(Protocol):
    """Counts over all subscriptions, and one resource's whole history. Nobody is asked whether it is shown."""

    def tally(self) -> list[Any]:
        """How many subscriptions are not over: rows of offering, state, phase, observed_release and `number`."""

    def counted(self, offering: str) -> list[Any]:
        """As `View.convergence`, without what costs: rows of organisation, state, phase and observed_release."""

    def late(self, enough: Collection[str], limit: int) -> list[Any]:
        """Live subscriptions that are not proven on one of the releases, the oldest report first (`ConvergenceRow`)."""

    def history(self, name: str, limit: int) -> list[Change]:
        """Ledger entries of one resource, the newest first."""
