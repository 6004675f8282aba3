"""What is kept in memory of some kinds of resources and brought up to date by the ledger, so that it is read once."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from registry.api.v1.change_pb2 import Change
from registry.store import Store, View

T = TypeVar("T")
PAGE = 1000
MOST = 5000  # revisions behind: then reading everything again is the cheaper way


class Abreast(ABC):
    """As of one revision. Snapshots are given in their order, as `Turns` does."""

    kinds: ClassVar[Sequence[str]]

    def __init__(self) -> None:
        self.generation, self.revision = "", 0

    def follow(self, view: View) -> None:
        """Take in what was written since; everything, the first time or when much is new or no longer kept."""
        gone = self.generation != view.generation or self.revision + 1 < view.head().floor
        if gone or view.revision - self.revision > MOST:
            self._read(view)
        else:
            self._catch_up(view)
        self.generation, self.revision = view.generation, view.revision

    def _catch_up(self, view: View) -> None:
        start = self.revision + 1
        while start <= view.revision:
            page = view.changes(start, PAGE, self.kinds)
            for change in page:
                self._take(change)
            start = page[-1].revision + 1 if len(page) == PAGE else view.revision + 1

    @abstractmethod
    def _read(self, view: View) -> None:
        """Forget what is known, and read everything."""

    @abstractmethod
    def _take(self, change: Change) -> None:
        """Take in one change. One that was taken in before changes nothing."""


class Turns:
    """Reads of a store one after the other: what is kept in memory never meets a snapshot older than itself."""

    def __init__(self, store: Store) -> None:
        self._store, self._turn = store, asyncio.Lock()

    async def read(self, work: Callable[[View], T]) -> T:
        """As the store does. Whoever leaves does not end its turn: its thread still reads. Errors: the store's."""
        return await asyncio.shield(asyncio.ensure_future(self._read(work)))

    async def _read(self, work: Callable[[View], T]) -> T:
        async with self._turn:
            return await self._store.read(work)
