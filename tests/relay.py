"""A relay as a process of its own that strikes itself at a chosen step: `python -m tests.relay`.

For each line on stdin, a JSON object, it forks a relay: `settings` are its GEMENSAM_*, `point` is a step of the way of
a page ('' for none), `passage` the how-manieth time it is passed, `signal` what the relay then sends to itself. The
product knows nothing of this: its steps are wrapped here.
"""

import asyncio
import functools
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol.produce import ProduceRequest

from registry import app, telemetry
from registry.relay.publisher import Publisher
from registry.relay.relay import Relay
from registry.settings import Settings
from registry.store import leading
from tests.scaled import scale
from tests.server import say

POINTS = ("read", "sent", "acked", "before mark", "after mark")
Strike = Callable[[], None]


def prepare(point: str, strike: Strike) -> None:
    """Let the step be followed by the strike; before the mark means with the commit still open."""
    if point == "read":
        _after(Relay, "_read", strike)
    elif point == "sent":
        _on_the_wire(strike)
    elif point == "acked":
        _after(Publisher, "send", strike)
    elif point == "before mark":
        _within(leading.Leader, "advance", strike)
    elif point == "after mark":
        _after(Relay, "_confirm", strike)


def _after(owner: Any, name: str, strike: Strike) -> None:
    step = getattr(owner, name)

    @functools.wraps(step)
    async def wrapped(*args: Any, **options: Any) -> Any:
        outcome = await step(*args, **options)
        strike()
        return outcome

    setattr(owner, name, wrapped)


def _within(owner: Any, name: str, strike: Strike) -> None:
    step = getattr(owner, name)

    @functools.wraps(step)
    def wrapped(*args: Any, **options: Any) -> Any:
        step(*args, **options)
        strike()

    setattr(owner, name, wrapped)


def _on_the_wire(strike: Strike) -> None:
    """The request is with the kernel, and no answer has come."""
    send = AIOKafkaConnection.send

    def wrapped(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        waiting = send(self, request, *args, **options)
        if isinstance(request, ProduceRequest):
            strike()
        return waiting

    AIOKafkaConnection.send = wrapped


class Passages:
    """Counts them, and sends the signal at the right one."""

    def __init__(self, passage: int, signal: int) -> None:
        self._left, self._signal = passage, signal

    def __call__(self) -> None:
        """One more."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._signal)


async def relay() -> None:
    """Relay until SIGTERM."""
    async with app.relaying(Settings()):
        await app.until_told(lambda: say(pid=os.getpid()))


def main() -> None:
    """Relay after relay, and word of each one's end."""
    telemetry.configure("gemensam-test")
    scale()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.close(0)
            wish = json.loads(line)
            os.environ.update(wish["settings"])
            prepare(wish["point"], Passages(wish["passage"], wish["signal"]))
            asyncio.run(relay())
            return
        _, status = os.waitpid(child, 0)
        say(ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
