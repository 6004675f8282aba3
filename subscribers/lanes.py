"""One thread for each target: an adapter that takes long, or never comes back, holds up no other target."""

import concurrent.futures
import contextvars
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from subscribers.adapter import Adapter
from subscribers.workers import Workers

T = TypeVar("T")
# What a pass waits for a target, when it has others: what is not done by then is heard of in a later pass.
WAIT_SECONDS = 1.0


class Lane:
    """An adapter and its thread. It is asked one thing at a time."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self._worker = Workers(1, "target")
        self._asked: Future[Any] | None = None

    @property
    def busy(self) -> bool:
        """Whether it works on something still."""
        return self._asked is not None and not self._asked.done()

    def ask(self, work: "Callable[..., T]", *values: Any) -> "Future[T]":
        """Let it work, as part of the span that the caller is in."""
        self._asked = self._worker.submit(contextvars.copy_context().run, work, *values)
        return self._asked

    def close(self) -> None:
        """Ask nothing more."""
        self._worker.close()


def answers(asked: "Mapping[Lane, Future[T]]", *, alone: bool) -> "Mapping[Lane, Future[T]]":
    """Those that have answered in time; all of them, when there is no other target that would have to wait."""
    done = concurrent.futures.wait(asked.values(), None if alone else WAIT_SECONDS).done
    return {lane: future for lane, future in asked.items() if future in done}
