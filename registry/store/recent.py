"""The newest entries that this process wrote, kept so that those who follow the ledger need not read them back.

An entry never changes, so nothing here can be stale. What another process wrote is not here: it is read from the table.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from registry.api.v1.change_pb2 import Change
from registry.store.ledger import in_order, to_change

COMMITS, BYTES = 256, 8 * 1024 * 1024
AT_ONCE = 100  # messages are made on the loop of whoever asks


class Commit(NamedTuple):
    """The entries of one commit: rows, that become messages when they are first asked for."""

    generation: str
    first: int
    entries: list[Any]
    size: int


class Recent:
    """The newest commits. The writer's thread adds, any other reads: the tuple is replaced, never changed."""

    def __init__(self) -> None:
        self._commits: tuple[Commit, ...] = ()

    def add(self, generation: str, rows: Sequence[dict[str, Any]]) -> None:
        """A commit that is durable."""
        size = sum(len(row["document"]) for row in rows)
        kept = (*self._commits, Commit(generation, rows[0]["revision"], list(rows), size))[-COMMITS:]
        while len(kept) > 1 and sum(commit.size for commit in kept) > BYTES:
            kept = kept[1:]
        self._commits = kept

    def since(self, start: int) -> list[Change]:
        """The next entries of the commit that holds a revision, from that revision on; none when it is not here."""
        for commit in reversed(self._commits):
            if commit.first <= start:
                return _messages(commit, start - commit.first)
        return []


def _messages(commit: Commit, start: int) -> list[Change]:
    entries, end = commit.entries, start + AT_ONCE
    for place in range(start, min(end, len(entries))):
        if isinstance(entries[place], dict):
            entries[place] = to_change(in_order(entries[place]), commit.generation)
    return entries[start:end]
