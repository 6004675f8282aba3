"""Threads that may hang: results and errors come back, and the process ends without them."""

import subprocess
import sys
import threading
from contextlib import closing

import pytest

from subscribers.workers import Workers

HANGS = """
import threading
from subscribers.workers import Workers
workers = Workers(2, "test")
begun = threading.Event()
workers.submit(lambda: (begun.set(), threading.Event().wait()))
begun.wait()
workers.close()
"""


def test_results_and_errors_come_back() -> None:
    with closing(Workers(2, "test")) as workers:
        assert [each.result(5) for each in [workers.submit(pow, 2, n) for n in range(50)]] == [2**n for n in range(50)]
        with pytest.raises(ZeroDivisionError):
            workers.submit(divmod, 1, 0).result(5)
        assert workers.submit(pow, 3, 2).result(5) == 9, "an error ends no thread"


def test_no_more_than_so_many_run_at_once() -> None:
    gate, both = threading.Event(), threading.Barrier(3)
    with closing(Workers(2, "test")) as workers:
        held = [workers.submit(lambda: (both.wait(5), gate.wait(5))) for _ in range(2)]
        both.wait(5)
        waits = workers.submit(pow, 2, 2)
        assert not waits.running()
        assert not waits.done()
        gate.set()
        assert [each.result(5)[1] for each in held] == [True, True]
        assert waits.result(5) == 4


def test_what_has_not_begun_is_cancelled_when_they_close() -> None:
    gate, begun = threading.Event(), threading.Event()
    workers = Workers(1, "test")
    held = workers.submit(lambda: (begun.set(), gate.wait(5)))
    waits = workers.submit(pow, 2, 2)
    assert begun.wait(5)
    workers.close()
    assert waits.cancelled()
    gate.set()
    assert held.result(5) == (None, True)


def test_work_that_hangs_does_not_hold_up_the_end_of_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], timeout=20, check=False)
    assert done.returncode == 0
