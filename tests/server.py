"""The real server as a process of its own, for tests that kill, starve or measure it: `python -m tests.server`.

Reads GEMENSAM_* like the product and prints its addresses as one line of JSON once it serves. With `--standby` it
forks a new server for each line on stdin, a JSON object of settings that it has beside those, so that the thirtieth kill
does not cost the thirtieth import; `{"twin": FOLDER}` forks such a parent once more, which has its stdin and stdout in
FOLDER, and `lease` among the settings are the seconds of its leases, and `objects` is a folder in which it says how many live in it. With
`--scaled` its leases, its relay's deadlines and pages, and what it keeps of what was written are small.
"""

import asyncio
import gc
import json
import os
import sys
import threading
import time
from typing import Any

from registry import telemetry
from registry.app import Running, serve
from registry.settings import Settings
from registry.store import leading

COUNT_SECONDS = 2.0


def say(**words: Any) -> None:
    """One line to the parent."""
    print(json.dumps(words), flush=True)  # noqa: T201 - this is how the parent hears of it


def announce(registry: Running) -> None:
    """Tell the parent where to call."""
    say(pid=os.getpid(), grpc=registry.grpc_address, web=registry.web_address)


def main() -> None:
    """Serve until SIGTERM."""
    telemetry.configure("gemensam-test")
    asyncio.run(serve(Settings(), announce))


def standby() -> None:
    """Server after server: the next one when asked, and word of each one's end."""
    for line in sys.stdin:
        wish = json.loads(line)
        child = os.fork()
        if child == 0 and "twin" in wish:
            _move(wish["twin"])
            standby()
            return
        if child == 0:
            os.close(0)
            if lease := wish.pop("lease", 0.0):
                leading.LEASE_SECONDS, leading.RENEW_SECONDS, leading.MARGIN_SECONDS = lease, lease / 4, lease / 6
            if folder := wish.pop("objects", ""):
                threading.Thread(target=count, args=(f"{folder}/{os.getpid()}",), daemon=True).start()
            os.environ.update(wish)
            main()
            return
        if "twin" in wish:
            continue
        _, status = os.waitpid(child, 0)
        say(ended=os.waitstatus_to_exitcode(status))


def count(file: str) -> None:
    """Keep in the file how many blocks of memory Python's objects have: a leak is seen in it before it is in the RSS."""
    counted = os.open(file, os.O_WRONLY | os.O_CREAT)
    while True:
        gc.collect()
        os.pwrite(counted, b"%12d" % sys.getallocatedblocks(), 0)
        time.sleep(COUNT_SECONDS)


def _move(folder: str) -> None:
    """Have stdin and stdout there from now on."""
    for descriptor, name, way in ((0, "in", os.O_RDONLY), (1, "out", os.O_WRONLY)):
        opened = os.open(f"{folder}/{name}", way)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)


if __name__ == "__main__":
    if "--scaled" in sys.argv:
        from tests.scaled import scale

        scale()
    standby() if "--standby" in sys.argv else main()
