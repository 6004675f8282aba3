"""How much one caller may ask for: token buckets and counts of what is under way, in the memory of this process.

The library that the house would take has windows and no buckets.
"""

import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from registry.errors import TooLarge

REMEMBERED = 10_000  # callers; the one that has not called for longest is forgotten first, and begins anew


@dataclass(frozen=True, slots=True)
class Rates:
    """Calls a second of a principal and for an organisation, and how many of a principal may be under way."""

    principal: float = 500.0
    organisation: float = 1000.0
    under_way: int = 200


class Buckets:
    """A bucket for each key: `rate` tokens a second, at most `burst` at once."""

    def __init__(self, what: str, rate: float, burst: float) -> None:
        self._what, self._rate, self._burst = what, rate, burst
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Take one token. Errors: RATE_EXCEEDED with how long to wait."""
        left = self.left(key, take=1.0)
        if left < 0:
            raise self._exceeded(left + 1)

    def check(self, key: str) -> None:
        """Refuse when there is none to take. Errors: RATE_EXCEEDED."""
        if (left := self.left(key)) < 1:
            raise self._exceeded(left)

    def left(self, key: str, take: float = 0.0) -> float:
        """How many tokens there are now, less those that are taken; none is when that many are not there."""
        now = time.monotonic()
        left, at = self._left.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        self._left[key] = (left - take if left >= take else left, now)
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        return left - take

    def _exceeded(self, left: float) -> TooLarge:
        wait = max(1, round((1 - left) / self._rate * 1000))
        text = f"Too many {self._what}: at most {self._rate:g} a second. Try again in {wait} ms."
        return TooLarge("RATE_EXCEEDED", text, limit=self._what, retry_after_ms=wait)


class UnderWay:
    """How much each key has under way."""

    def __init__(self, what: str, maximum: int) -> None:
        self._what, self._maximum = what, maximum
        self._counts: dict[str, int] = {}

    @contextmanager
    def one(self, key: str) -> Iterator[None]:
        """Count one for as long as the block lasts. Errors: RATE_EXCEEDED."""
        self.begin(key)
        try:
            yield
        finally:
            self.end(key)

    def begin(self, key: str) -> None:
        """Count one more. Errors: RATE_EXCEEDED; then it is not counted."""
        count = self._counts.get(key, 0)
        if count >= self._maximum:
            text = f"Too many {self._what}: at most {self._maximum} at a time. Try again when one has ended."
            raise TooLarge("RATE_EXCEEDED", text, limit=self._what, retry_after_ms=1000)
        self._counts[key] = count + 1

    def end(self, key: str) -> None:
        """Count one less."""
        count = self._counts.pop(key) - 1
        if count:
            self._counts[key] = count
