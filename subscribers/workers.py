"""Threads for work that may hang: they are told apart by what they do, and never hold up the end of the process."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_Job = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...]]


class Workers:
    """At most `count` threads; what comes beyond that waits its turn."""

    def __init__(self, count: int, name: str) -> None:
        self._count, self._name = count, name
        self._threads: list[threading.Thread] = []
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()

    def submit(self, work: Callable[..., T], *values: Any) -> "Future[T]":
        """Do it on one of the threads. Call from one thread only."""
        future: Future[T] = Future()
        self._jobs.put((future, work, values))
        if len(self._threads) < self._count:
            thread = threading.Thread(target=self._run, name=f"gemensam-{self._name}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def close(self) -> None:
        """Take nothing more on. Work that is under way is left to itself."""
        while not self._jobs.empty():
            if (job := self._jobs.get()) is not None:
                job[0].cancel()
        for _ in self._threads:
            self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work, values = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work(*values))
            except BaseException as error:  # noqa: BLE001 - it is the caller's
                future.set_exception(error)
