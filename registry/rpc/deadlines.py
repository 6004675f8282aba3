"""Deadlines that are set for every message and hardly ever pass: looked at together, twenty times a second.

With a thousand watchers, a timer of its own for each message would cost as much as the message.
"""

import asyncio
from collections.abc import Callable
from typing import Any

LOOK_SECONDS = 0.05


class Deadlines:
    """At most one deadline for each key, on the clock of the loop. What is passed is told once, up to 50 ms late."""

    def __init__(self) -> None:
        self._due: dict[Any, tuple[float, Callable[[], object]]] = {}
        self._looking = False

    def set(self, key: Any, at: float, passed: Callable[[], object]) -> None:
        """Call `passed` when the loop's time is beyond `at`, unless the key is cleared before."""
        self._due[key] = (at, passed)
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def clear(self, key: Any) -> None:
        """Forget the key's deadline."""
        self._due.pop(key, None)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for key, (_, passed) in [each for each in self._due.items() if each[1][0] <= now]:
            self.clear(key)
            passed()
        self._looking = bool(self._due)
        if self._looking:
            loop.call_later(LOOK_SECONDS, self._look)
