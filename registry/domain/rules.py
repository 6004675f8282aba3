"""What a noun brings to be created, changed, exported and compared by the same few functions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeVar

from google.protobuf.message import Message

from registry.domain.filter import Node
from registry.domain.violations import Violations

M = TypeVar("M", bound=Message)
N = TypeVar("N", bound=Message)


class Lookup(Protocol):
    """Other resources, as they are in the open transaction."""

    def get(self, kind: type[N], name: str) -> N | None:
        """The resource, or None."""

    def shown(self, kind: type[N], name: str) -> N | None:
        """The resource, when it is shown to whom the transaction is for, or None."""

    def select(self, kind: type[N], where: Node | None, *, parent: str = "", limit: int = 1000) -> list[N]:
        """Resources by filter."""


class Reference(NamedTuple):
    """A field that names another resource of a noun."""

    field: str
    noun: str
    name: str


def _nothing(_message: object) -> None:
    """Set no default."""


def _no_references(_message: object) -> Iterable[Reference]:
    return ()


def _fits(_after: object, _before: object, _lookup: Lookup, _found: Violations) -> None:
    """Fit into whatever there is."""


@dataclass(frozen=True, slots=True)
class Rules(Generic[M]):
    """The rules of one noun.

    `settable`: fields that callers may set. `immutable`: those of them that cannot change after creation.
    `complete` fills defaults in place; `check` notes what is wrong with the message alone; `references` lists what
    must exist; `fits(after, before, lookup, found)` notes what is wrong beside other resources.
    """

    noun: str
    kind: type[M]
    settable: tuple[str, ...]
    check: Callable[[M, Violations], None]
    immutable: tuple[str, ...] = ()
    complete: Callable[[M], None] = field(default=_nothing)
    references: Callable[[M], Iterable[Reference]] = field(default=_no_references)
    fits: Callable[[M, M | None, Lookup, Violations], None] = field(default=_fits)
