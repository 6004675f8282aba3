"""Which organisations a class takes in, asked for again only when one of them has changed."""

from collections.abc import Sequence
from typing import Any

from registry.api.v1.change_pb2 import Change
from registry.domain.filter import parse
from registry.services.abreast import Abreast
from registry.store import View

CLASSES = 100  # that are remembered


class Parties(Abreast):
    """The bodies (`reader.BodyRow`) of every class that was asked for since."""

    kinds = ("organisation",)

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, Sequence[Any]] = {}

    def of(self, view: View, offering: str, party_class: str) -> Sequence[Any]:
        """As `View.bodies`. Without a class it depends on who has subscribed, and nothing is kept."""
        if not party_class:
            return view.bodies(offering, None)
        if party_class not in self._known:
            if len(self._known) == CLASSES:
                self._known = {}
            self._known[party_class] = view.bodies(offering, parse(party_class))
        return self._known[party_class]

    def _read(self, _view: View) -> None:
        self._known = {}

    def _take(self, _change: Change) -> None:
        self._known = {}
