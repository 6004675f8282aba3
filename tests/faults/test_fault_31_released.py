"""Fault 31: from a program that was released before to this one, back, and again: no call fails, no event differs.

The older program is a wheel of it (tests/faults/releases), started by its own command.
"""

import contextlib
import subprocess
from pathlib import Path

import grpc

from registry.api.v1.feed_service_pb2 import WatchRequest, WatchResponse
from tests.faults.balancer import Backends
from tests.faults.process import ServerProcess, server_of
from tests.faults.releases import Released, released, unpacked
from tests.faults.several import Several, behind
from tests.faults.validators import verdict
from tests.faults.watcher import OWN_CONNECTION, Watcher, watching
from tests.integration.api import Api

PUBLISHERS, WRITES = 2, 8
WATCH = "/gemensam.registry.v1.FeedService/Watch"


async def feed(server: ServerProcess | Released, last: int) -> list[bytes]:
    """The changes up to a revision as Watch of a server sends them: the bytes of each message."""
    found: list[bytes] = []
    async with grpc.aio.insecure_channel(server.address, options=OWN_CONNECTION) as channel:
        watch = channel.unary_stream(WATCH, request_serializer=WatchRequest.SerializeToString)
        async for data in watch(WatchRequest(start_revision=1), timeout=30):
            event = WatchResponse.FromString(data)
            if event.WhichOneof("event") == "change":
                found.append(data)
            if event.change.revision >= last:
                break
    return found


async def onboard(fleet: Several, key: str, here: ServerProcess | Released, there: ServerProcess | Released) -> None:
    """A body declares itself and its standing order at one server; at the other, its subscriptions are there."""
    async with contextlib.AsyncExitStack() as open_:
        channels = [grpc.aio.insecure_channel(each.address, options=OWN_CONNECTION) for each in (here, there)]
        first, second = [Api(await open_.enter_async_context(channel)) for channel in channels]
        await first.body(key)
        await fleet.order(key, first)
        await fleet.joined(key, PUBLISHERS, second)


class Rollout:
    """Which servers take part, under load; each step ends when clients have got on with what is then there."""

    def __init__(self, fleet: Several, backends: Backends) -> None:
        self.fleet, self._backends = fleet, backends
        self.feeds: list[list[bytes]] = []

    async def joins(self, server: ServerProcess | Released) -> None:
        """It is started beside the others."""
        self._backends.addresses.append(await server.start())
        await self.fleet.recorder.more(WRITES)

    async def leaves(self, server: ServerProcess | Released) -> None:
        """It is stopped, and the others go on."""
        self._backends.addresses.remove(server.address)
        assert await server.stop() == 0
        await self.fleet.recorder.more(WRITES)

    async def heard(self, *servers: ServerProcess | Released) -> None:
        """Keep what each says of everything so far."""
        last = self.fleet.recorder.history.writes[-1].revision
        self.feeds += [await feed(server, last) for server in servers]


async def roll(steps: Rollout, old: Released, new: ServerProcess) -> None:
    """The upgrade, the roll back to the older program alone, and the upgrade once more."""
    await steps.heard(old)
    await steps.joins(new)
    await onboard(steps.fleet, "b1", old, new)
    await onboard(steps.fleet, "b2", new, old)
    await steps.heard(old, new)
    await steps.leaves(old)
    await steps.joins(old)
    await steps.leaves(new)
    await onboard(steps.fleet, "b3", old, old)
    await steps.heard(old)
    await steps.joins(new)
    await steps.leaves(old)
    await onboard(steps.fleet, "b4", new, new)
    await steps.heard(new)


async def test_fault_31_a_release_of_before_is_upgraded_rolled_back_and_upgraded_again(
    server_parents: list["subprocess.Popen[str]"], postgres_url: str, tmp_path: Path
) -> None:
    place = unpacked(tmp_path)
    async with released(place, postgres_url) as old, server_of(server_parents[0], postgres_url) as new:
        assert await old.source() == place
        backends = Backends([await old.start()])  # which makes the tables
        async with behind(backends, postgres_url, [new]) as fleet:
            await fleet.prepare(PUBLISHERS)
            steps, watcher = Rollout(fleet, backends), Watcher(fleet.address, pause=0.05)
            async with watching(watcher), fleet.publishing(PUBLISHERS):
                await fleet.recorder.more(WRITES)
                await roll(steps, old, new)
            last = max(write.revision for write in fleet.recorder.history.writes)
            await watcher.until(lambda: watcher.reached >= last)
            fleet.recorder.watched("through it all", watcher)
            recorded = await fleet.recorder.close(postgres_url)
    assert verdict(recorded) == []
    longest = max(steps.feeds, key=len)
    assert len(steps.feeds) == 5
    for told in steps.feeds:
        assert told == longest[: len(told)], "one says it otherwise than the other"
    made = [
        change.name for change in recorded.ledger if change.kind == "subscription" and "created" in change.event_type
    ]
    assert len(made) == len(set(made)) == 4 * PUBLISHERS
