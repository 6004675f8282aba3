"""Which of the traces that begin here are recorded: asked of every call, so it has to be cheap."""

import re
from collections.abc import Callable, Mapping
from random import getrandbits, random
from typing import Any

from opentelemetry.trace import SpanKind

Choice = Callable[[str, Mapping[str, str | int]], bool]  # of a call's name and attributes
_BY_CHANCE = re.compile(r"(?:AsTheirCommands\{)?(?:ParentBased\{root:)?TraceIdRatioBased\{([^}]+)\}")


def choice(sampler: Any) -> Choice:
    """What the sampler would decide of a call that is the first of its trace.

    Where chance alone decides, as its description says, one random number is drawn: to ask the sampler takes 6 us.
    """
    if by_chance := _BY_CHANCE.match(sampler.get_description()):
        share = float(by_chance[1])
        return lambda _name, _attributes: random() < share  # noqa: S311 - no secret

    def asked(name: str, attributes: Mapping[str, str | int]) -> bool:
        found = sampler.should_sample(None, getrandbits(128), name, SpanKind.SERVER, attributes)
        return bool(found.decision.is_sampled())

    return asked
