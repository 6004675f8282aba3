"""Follows the ledger: a stream that ends, is cut or breaks is taken up again where it was."""

import math
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from registry.api.v1.change_pb2 import Change
from registry.api.v1.feed_service_pb2 import GetHeadRequest, ListChangesRequest, WatchRequest
from registry.cli.connection import Registry, failure
from registry.cli.failure import UNREACHABLE, Failure

FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
PAGE = 1000
_RESUMABLE = frozenset({"STREAM_ENDED", "SLOW_READER", "SERVER_STOPPING", "STORE_UNAVAILABLE"})


class Follower:
    """One walk along the ledger. `tell` hears why it had to be taken up again."""

    def __init__(
        self, registry: Registry, request: WatchRequest, tell: Callable[[str], None], until: float = math.inf
    ) -> None:
        self._registry, self._request, self._tell, self._until = registry, request, tell, until
        self._wait = FIRST_WAIT

    def changes(self) -> Iterator[Change]:
        """Every change from the request's start on, until the moment (seconds since 1970), or for ever.

        Errors: Failure for what waiting does not mend.
        """
        head = self._registry.call(self._registry.feed.GetHead, GetHeadRequest())
        if not self._request.with_snapshot:
            self._at(self._request.start_revision or head.revision + 1, head.generation)
        while (left := self._until - time.time()) > 0:
            try:
                for response in self._registry.feed.Watch(self._request, timeout=left if left < math.inf else None):
                    self._wait = FIRST_WAIT
                    yield from self._take(response)
            except grpc.RpcError as error:
                if time.time() < self._until:
                    self._resume(failure(error, self._registry.address))

    def _take(self, response: Any) -> Iterator[Change]:
        event = response.WhichOneof("event")
        if event == "change":
            yield response.change
        if event != "change" or not self._request.with_snapshot:
            at = getattr(response, event)
            self._at(at.revision + 1, at.generation)

    def _at(self, revision: int, generation: str) -> None:
        """Where to go on. A snapshot that has not ended has no such place, and is begun again."""
        self._request.start_revision, self._request.generation = revision, generation
        self._request.with_snapshot = False

    def _resume(self, why: Failure) -> None:
        if why.reason not in _RESUMABLE and why.exit_code != UNREACHABLE:
            raise why
        start = self._request.start_revision
        if why.reason != "STREAM_ENDED" or not start:
            self._tell(f"{why.message} Going on {f'from revision {start}' if start else 'with the snapshot'}.")
        time.sleep(random.uniform(0, self._wait))  # noqa: S311 - jitter is no secret
        self._wait = min(self._wait * 2, LONGEST_WAIT)


def last(registry: Registry, count: int) -> tuple[list[Change], int, str]:
    """The last changes, with the revision and generation that follow them. Errors: Failure."""
    head = registry.call(registry.feed.GetHead, GetHeadRequest())
    start = max(head.floor_revision, head.revision - count + 1)
    found: list[Change] = []
    request = ListChangesRequest(start_revision=start, generation=head.generation, page_size=min(max(count, 1), PAGE))
    while count and start <= head.revision:
        response = registry.call(registry.feed.ListChanges, request)
        found += [change for change in response.changes if change.revision <= head.revision]
        request.page_token = response.next_page_token
        if not request.page_token:
            break
    return found, head.revision + 1, head.generation
