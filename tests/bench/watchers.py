"""Watchers in a process of their own: each notes when a change reached it, on the clock that the change's time is of.

Run as `python -m tests.bench.watchers ADDRESS COUNT`: announces `ready`, and at the end of its input writes the
milliseconds from each change's time to its receipt as one JSON list. Each watcher has a connection of its own, as each
gateway has.
"""

import json
import selectors
import sys
import time

from registry.api.v1.feed_service_pb2 import WatchRequest, WatchResponse
from tests.bench.http2 import DATA, HEADERS, MESSAGE_HEAD, Calls
from tests.bench.processes import announce

PATH = "/gemensam.registry.v1.FeedService/Watch"
REQUEST = WatchRequest(progress_interval={"seconds": 600}).SerializeToString()  # type: ignore[arg-type]


def main(address: str, count: int) -> list[float]:
    """Watch until the input ends."""
    receipts: list[tuple[float, bytes]] = []
    with selectors.DefaultSelector() as selector:
        watchers = [Calls(address, PATH) for _ in range(count)]
        for watcher in watchers:
            watcher.send([REQUEST])
            while not any(kind == HEADERS for kind, _, _ in watcher.receive()):
                pass  # from its headers on, a watcher misses nothing
            selector.register(watcher, selectors.EVENT_READ, watcher)
        announce("ready")
        selector.register(sys.stdin, selectors.EVENT_READ)
        while (ready := [key.data for key, _ in selector.select()]) and None not in ready:
            for watcher in ready:
                events, now = watcher.receive(), time.time()
                receipts += [(now, payload) for kind, _, payload in events if kind == DATA]
        for watcher in watchers:
            watcher.close()
    return [_delay(at, WatchResponse.FromString(payload[MESSAGE_HEAD:])) for at, payload in receipts]


def _delay(received: float, message: WatchResponse) -> float:
    return received * 1000 - message.change.time.ToMicroseconds() / 1000


if __name__ == "__main__":
    announce(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
