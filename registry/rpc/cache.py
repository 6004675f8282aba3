"""Serialised replies by request bytes, emptied by the ledger: a hot read costs little more than a bare echo."""

from registry.domain.authority import Sight
from registry.store import Store

MAX_BYTES = 32 * 1024 * 1024
MAX_REPLY = 1024 * 1024


class ReplyCache:
    """Replies of reads. Valid as long as the head of the ledger stands still."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._head = -1
        self._replies: dict[tuple[str, bytes, Sight], bytes] = {}
        self._bytes = 0

    def get(self, method: str, request: bytes, sight: Sight) -> bytes | None:
        """The reply to callers who see the same, or None when there is none of the present head."""
        if self._head != self._store.head_revision:
            return None
        return self._replies.get((method, request, sight))

    def put(self, method: str, request: bytes, sight: Sight, reply: bytes, head: int) -> None:
        """Keep a reply that was read when the head was `head` before the read began."""
        now = self._store.head_revision
        if head != now or len(reply) > MAX_REPLY:
            return
        if self._head != now or self._bytes > MAX_BYTES:
            self._replies.clear()
            self._head, self._bytes = now, 0
        self._replies[(method, request, sight)] = reply
        self._bytes += len(reply) + len(request)
