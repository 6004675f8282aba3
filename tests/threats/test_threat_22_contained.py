"""Threat 22: a contract that takes over the process that reads it. It can do nothing there, and the next is read."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from registry.contracts.jail import Ended, Jail
from tests.threats.contained import hostile

ATTEMPTS = {
    "reads a file": "open('/etc/passwd').read()",
    "writes a file": "open('{folder}/written', 'w').write('x')",
    "calls somebody": "socket.create_connection(('127.0.0.1', {port}))",
    "starts a program": "import subprocess; subprocess.run(['touch', '{folder}/written'])",
    "takes the memory": "x = bytearray(1 << 30)",
    "computes for ever": "while True: pass",
    "waits for ever": "os.kill(os.getpid(), 19)",
    "kills itself": "os.kill(os.getpid(), 9)",
}


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    found = hostile()
    yield found
    found.close()


@pytest.mark.parametrize("attempt", [each for each in ATTEMPTS if each != "waits for ever"])
def test_threat_22_nothing_can_be_done_from_inside(jail: Jail, tmp_path: Path, attempt: str) -> None:
    code = ATTEMPTS[attempt].format(folder=tmp_path, port=1)
    with pytest.raises(Ended):
        jail.ask([b"read", b"a/b", code.encode()])
    assert list(tmp_path.iterdir()) == []
    assert jail.ask([b"read", b"a/b", b"good"]) == b"answered"


def test_threat_22_what_waits_for_ever_is_ended_with_all_that_it_started() -> None:
    impatient = hostile()
    assert impatient.ask([b"read", b"a/b", b"good"]) == b"answered"
    waiting = psutil.Process(impatient.pid)
    impatient._seconds = 0.5
    with pytest.raises(Ended, match="longer than"):
        impatient.ask([b"read", b"a/b", ATTEMPTS["waits for ever"].encode()])
    assert not waiting.is_running()
    impatient._seconds = 15.0
    assert impatient.ask([b"read", b"a/b", b"good"]) == b"answered"
    impatient.close()
