"""What is asked of a view, and what it answers, beside documents."""

from dataclasses import dataclass
from typing import NamedTuple

from registry.domain.filter import Node


@dataclass(frozen=True, slots=True)
class Query:
    """Which resources of one kind: below `parent` (empty or `.../-` takes all), by `filter`, in `order_by`."""

    kind: str
    parent: str = ""
    filter: Node | None = None
    order_by: str = "name"
    page_size: int = 50
    page_token: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """Which offerings to find: by the words of `text` (at least one), and by `filter`."""

    text: str
    filter: Node | None = None
    page_size: int = 50
    page_token: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Serialised documents in order, and the token of the next page ('' on the last)."""

    documents: list[bytes]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class Found:
    """A page of offerings, the best first, each with its score, and on the first one (field, value, count) of facets.

    `corrected` is the query that was looked for instead, or ''.
    """

    documents: list[bytes]
    scores: list[float]
    facets: list[tuple[str, str, int]]
    corrected: str
    next_page_token: str


@dataclass(frozen=True, slots=True)
class Head:
    """How far the ledger has come. `floor` is the oldest revision kept (head + 1 when none is)."""

    revision: int
    generation: str
    floor: int
    hash: str


class Entry(NamedTuple):
    """A ledger entry as it is stored, without what only those who verify or list it want. Time in us since 1970."""

    revision: int
    time_us: int
    event_type: str
    kind: str
    name: str
    document: bytes
    etag: str
    traceparent: str


@dataclass(frozen=True, slots=True)
class Parked:
    """A resource whose events are held back from `revision` on; `released`: they shall be sent. Time since 1970."""

    name: str
    revision: int
    reason: str
    released: bool
    time_us: int


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a reader of the ledger has come, and who leads it until when, by the database's clock."""

    revision: int
    owner: str
    epoch: int
    expires_us: int
