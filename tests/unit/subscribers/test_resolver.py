"""Lookups: many at once, within a bound, and what an answer is good for when name servers are silent."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from subscribers import resolver
from subscribers.policy import Unresolved
from subscribers.resolver import FRESH_SECONDS, STALE_SECONDS, NoSuchName, Resolver, addresses

PUBLIC = "93.184.216.34"


class Names:
    """A name server of the test: `answers` by host, an error to raise, or an event to wait for."""

    def __init__(self) -> None:
        self.answers: dict[str, Sequence[str] | Exception | threading.Event] = {}
        self.asked: list[str] = []
        self.time = 0.0

    def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        answer = self.answers[host]
        if isinstance(answer, threading.Event):
            answer.wait(30)
            return [PUBLIC]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def clock(self) -> float:
        return self.time


@contextmanager
def looking(names: Names) -> Iterator[Resolver]:
    made = Resolver(names, names.clock)
    yield made
    made.close()


def unresolved(known: Callable[[str], Sequence[str]], host: str) -> bool:
    try:
        known(host)
    except Unresolved:
        return True
    return False


def test_hosts_that_hang_cost_one_bound_together_and_spare_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "BOUND_SECONDS", 0.2)
    names, hang = Names(), threading.Event()
    names.answers = {"good": [PUBLIC], **{f"hung{n}": hang for n in range(50)}}
    with looking(names) as known:
        started = time.monotonic()
        known.prepare(names.answers)
        assert time.monotonic() - started < 5
        assert known("good") == [PUBLIC]
        assert unresolved(known, "hung0")
        monkeypatch.setattr(resolver, "BOUND_SECONDS", 30)
        started = time.monotonic()
        known.prepare(names.answers)
        assert time.monotonic() - started < 15, "a lookup that is under way is not waited for again"
        hang.set()
        pending = known._asked["hung0"]
        assert pending.result(5) == [PUBLIC]
        known.prepare(names.answers)
        assert known("hung0") == [PUBLIC]
        assert names.asked.count("hung0") == 1


def test_an_answer_serves_the_passes_that_follow_closely_and_is_asked_for_again_later() -> None:
    names = Names()
    names.answers["a"] = [PUBLIC]
    with looking(names) as known:
        known.prepare(["a"])
        names.answers["a"] = ["93.184.216.35"]
        names.time = FRESH_SECONDS - 0.1
        known.prepare(["a"])
        assert (known("a"), len(names.asked)) == ([PUBLIC], 1)
        names.time = FRESH_SECONDS
        known.prepare(["a"])
        assert (known("a"), len(names.asked)) == (["93.184.216.35"], 2)


def test_the_last_answer_stands_in_while_name_servers_are_silent_but_not_for_ever() -> None:
    names = Names()
    names.answers["a"] = [PUBLIC]
    with looking(names) as known:
        known.prepare(["a"])
        names.answers["a"] = Unresolved("no server answers")
        names.time = STALE_SECONDS - 1
        known.prepare(["a"])
        assert known("a") == [PUBLIC]
        names.time = STALE_SECONDS
        assert unresolved(known, "a")


def test_a_name_that_is_gone_is_gone_at_once() -> None:
    names = Names()
    names.answers["a"] = [PUBLIC]
    with looking(names) as known:
        known.prepare(["a"])
        names.answers["a"] = NoSuchName("a has no address now")
        names.time = FRESH_SECONDS
        known.prepare(["a"])
        assert unresolved(known, "a")


def test_what_nobody_wants_any_more_is_forgotten() -> None:
    names = Names()
    names.answers = {"a": [PUBLIC], "b": [PUBLIC]}
    with looking(names) as known:
        known.prepare(["a", "b"])
        known.prepare(["b"])
        assert unresolved(known, "a")
        assert known("b") == [PUBLIC]
        known.prepare(["a", "b"])
        assert known("a") == [PUBLIC], "and is asked for again at once when somebody does"


def test_a_fault_of_the_lookup_is_not_taken_for_an_answer() -> None:
    names = Names()
    names.answers["a"] = RuntimeError("broken")
    with looking(names) as known, pytest.raises(RuntimeError, match="broken"):
        known.prepare(["a"])


def test_the_system_is_asked_and_a_name_without_address_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "127.0.0.1" in addresses("localhost")

    def fails(number: int) -> Callable[..., None]:
        def lookup(*_: object, **__: object) -> None:
            raise socket.gaierror(number, "no")

        return lookup

    monkeypatch.setattr(socket, "getaddrinfo", fails(socket.EAI_NONAME))
    with pytest.raises(NoSuchName):
        addresses("a")
    monkeypatch.setattr(socket, "getaddrinfo", fails(socket.EAI_AGAIN))
    with pytest.raises(Unresolved) as caught:
        addresses("a")
    assert type(caught.value) is Unresolved
    monkeypatch.undo()
    with pytest.raises(Unresolved):
        addresses("a" * 64 + ".example")
