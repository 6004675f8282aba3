"""How long to wait before the next try: exponential, with full jitter, so that many subscribers do not come at once."""

import random

FIRST_SECONDS, LONGEST_SECONDS = 0.2, 60.0


def delay(attempts: int, first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS) -> float:
    """Seconds to wait after so many failed attempts (1 is the first): uniform between 0 and the doubled bound."""
    bound = min(longest, first * 2 ** min(attempts, 32))
    return random.uniform(0, bound)  # noqa: S311 - jitter is no secret


class Backoff:
    """Counts failures in a row."""

    def __init__(self) -> None:
        self._attempts = 0

    def next(self) -> float:
        """Seconds to wait after one more failure."""
        self._attempts += 1
        return delay(self._attempts)

    def reset(self) -> None:
        """It works again."""
        self._attempts = 0
