"""Calls through the gateways, as users of the receiving bodies would make them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from registry.api.v1.release_pb2 import Release
from registry.demo.cast import Receiver
from registry.demo.journeys import Journey
from registry.demo.processes import DemoFailed, status_of

PAUSE_SECONDS = 0.005


@dataclass(slots=True)
class Tally:
    """How many calls were made, and what the failed ones answered."""

    made: int = 0
    failed: int = 0


async def expect(receivers: Sequence[Receiver], release: Release, journeys: Iterable[Journey], status: int) -> int:
    """Call every REST interface at every gateway on the way; returns how many. Errors: DemoFailed."""
    urls = [url for journey in journeys for url in _urls(receivers, release, journey)]
    for url in urls:
        if (found := await asyncio.to_thread(status_of, url)) != status:
            raise DemoFailed(f"{url} answered {found or 'nothing'}, not {status}")
    return len(urls)


@contextlib.asynccontextmanager
async def meanwhile(
    receivers: Sequence[Receiver], release: Release, journeys: Sequence[Journey]
) -> AsyncIterator[Tally]:
    """Call them over and over for as long as the block lasts."""
    tally, going = Tally(), True

    async def call() -> None:
        while going:
            for url in [url for journey in journeys for url in _urls(receivers, release, journey)]:
                tally.made += 1
                tally.failed += await asyncio.to_thread(status_of, url) != 200  # noqa: PLR2004 - HTTP's word for well
                await asyncio.sleep(PAUSE_SECONDS)

    calling = asyncio.create_task(call())
    try:
        yield tally
    finally:
        going = False
        await calling


def _urls(receivers: Sequence[Receiver], release: Release, journey: Journey) -> Iterator[str]:
    organisation = journey.subscription.split("/")[1]
    receiver = next(each for each in receivers if each.key == organisation)
    for interface in release.interfaces:
        if any(endpoint.url.startswith("http") for endpoint in interface.endpoints):
            yield f"{receiver.url}/{receiver.key}/{release.name.split('/')[1]}/{interface.id}"
