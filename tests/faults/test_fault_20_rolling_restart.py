"""Fault 20: two servers are restarted one after the other under load with 200 streams. Nobody loses a call or an event."""

import contextlib
import json
import subprocess
import time

from tests.faults.several import several
from tests.faults.validators import verdict
from tests.faults.watcher import Watcher, watching

STREAMS, PUBLISHERS, EXIT_SECONDS = 200, 3, 20


async def test_fault_20_a_rolling_restart_loses_no_call_and_every_stream_goes_on(
    server_parents: list["subprocess.Popen[str]"], postgres_url: str
) -> None:
    exits = []
    async with several(server_parents[:2], postgres_url) as (fleet, backends):
        await fleet.prepare(PUBLISHERS)
        watchers = [Watcher(fleet.address, pause=0.05) for _ in range(STREAMS)]
        async with contextlib.AsyncExitStack() as open_:
            await open_.enter_async_context(watching(*watchers))
            async with fleet.publishing(PUBLISHERS):  # which fails when one call fails for good
                for server in fleet.servers:
                    await fleet.recorder.more(6)
                    begin, address = time.monotonic(), server.address
                    assert await server.stop() == 0
                    exits.append(time.monotonic() - begin)
                    backends.addresses.remove(address)
                    await fleet.recorder.more(6)
                    backends.addresses.append(await server.start())
                await fleet.recorder.more(6)
            last = max(write.revision for write in fleet.recorder.history.writes)
            for watcher in watchers:
                await watcher.until(lambda watcher=watcher: watcher.reached >= last)  # type: ignore[misc]
        for number, watcher in enumerate(watchers):
            fleet.recorder.watched(f"stream {number}", watcher)
        history = await fleet.recorder.close(postgres_url)
    print(json.dumps({"exit_seconds": [round(each, 1) for each in exits], "retries": len(fleet.recorder.retries)}))  # noqa: T201 - the figure
    assert verdict(history) == []
    assert max(exits) <= EXIT_SECONDS
    assert sum(len(watcher.ended) for watcher in watchers) >= STREAMS, "streams met a server that stopped"
