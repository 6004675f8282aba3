"""Threat 22: a contract that takes over the process that reads it. It can do nothing there, and the next is read."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from registry.contracts.jail import Ended, Jail
from tests.components.receiver import Receiver
from tests.threats.contained import hostile

NOTHING, TOO_LONG = "nobody expected", "seconds of computing"
ATTEMPTS = {
    "reads a file": ("open('/etc/passwd').read()", NOTHING),
    "writes a file": ("open('{folder}/written', 'w').write('x')", NOTHING),
    "calls somebody": ("socket.create_connection(('127.0.0.1', {port}))", NOTHING),
    "starts a program": ("os.posix_spawn('/bin/touch', ['touch', '{folder}/written'], {{}})", NOTHING),
    "takes the memory": ("x = bytearray(1 << 30)", NOTHING),
    "computes for ever": ("while True: pass", TOO_LONG),
    "kills itself": ("os.kill(os.getpid(), 9)", TOO_LONG),
    "looks for what the parent has": ("os.read(0, 1)", NOTHING),
    "looks into the environment": ("assert os.environ", NOTHING),
}
STOP = b"os.kill(os.getpid(), 19)"


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    found = hostile()
    yield found
    found.close()


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_threat_22_nothing_can_be_done_from_inside(
    jail: Jail, endpoint: Receiver, tmp_path: Path, attempt: str
) -> None:
    code, problem = ATTEMPTS[attempt]
    with pytest.raises(Ended, match=problem):
        jail.ask([b"read", b"a/b", code.format(folder=tmp_path, port=endpoint.port).encode()])
    assert endpoint.calls == []
    assert not (tmp_path / "written").exists()
    assert jail.ask([b"read", b"a/b", b"good"]) == b"answered"


def test_threat_22_what_never_goes_on_is_ended_with_all_that_it_started(jail: Jail) -> None:
    assert jail.ask([b"read", b"a/b", b"good"]) == b"answered"
    waiting = psutil.Process(jail.pid)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(jail.ask, [b"read", b"a/b", STOP])
        while not (started := waiting.children()) and not asked.done():
            pass
        with pytest.raises(Ended, match="longer than"):
            asked.result()
    assert started
    left = psutil.wait_procs([waiting, *started], timeout=5.0)[1]
    assert all(each.status() == psutil.STATUS_ZOMBIE for each in left)
    assert jail.ask([b"read", b"a/b", b"good"]) == b"answered"
