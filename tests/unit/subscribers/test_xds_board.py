"""The xDS protocol as an Envoy speaks it: which answer is about what, and when it must be told again."""

import threading
from typing import Any

import pytest

from subscribers.adapters.envoy_files import CLUSTERS, ROUTES
from subscribers.adapters.xds_board import REQUEST, TYPES, Answer, Board, Published, Stream

KINDS = {name: kind for kind, name in TYPES.items()}


def ask(board: Board, stream: Stream, name: str = CLUSTERS, nonce: str = "", error: str = "", *names: str) -> None:
    request = REQUEST(type_url=KINDS[name], response_nonce=nonce, resource_names=names)
    if error:
        request.error_detail.message = error
    board.hear(stream, request)


def published(version: str) -> Published:
    return Published(version, ())


@pytest.fixture
def board() -> Board:
    made = Board()
    for name in TYPES.values():
        made.publish(name, published("1"))
    return made


def told(board: Board, stream: Stream) -> Any:
    """What the stream must be told now; it is ended, when that is nothing, so that nothing waits for ever."""
    timer = threading.Timer(10, board.leave, [stream])
    timer.start()
    found = board.next(stream)
    timer.cancel()
    assert found is not None, "nothing was to be told"
    return found


def silent(board: Board, stream: Stream) -> bool:
    """Nothing is to be told: the stream ends without it."""
    timer = threading.Timer(0.1, board.leave, [stream])
    timer.start()
    found = board.next(stream)
    timer.join()
    return found is None


def test_what_is_asked_for_is_told_and_runs_once_it_is_accepted(board: Board) -> None:
    stream = board.enter()
    ask(board, stream)
    response = told(board, stream)
    assert (response.version_info, response.type_url) == ("1", KINDS[CLUSTERS])
    assert board.answers().files[CLUSTERS].version == ""
    ask(board, stream, CLUSTERS, response.nonce)
    assert board.answers().files == {CLUSTERS: Answer("1"), ROUTES: Answer()}
    assert not board.answers().is_complete
    assert silent(board, stream)


def test_a_refusal_is_counted_and_nothing_is_told_again_until_there_is_something_else(board: Board) -> None:
    stream = board.enter()
    ask(board, stream)
    ask(board, stream, CLUSTERS, told(board, stream).nonce)
    board.publish(CLUSTERS, published("2"))
    ask(board, stream, CLUSTERS, told(board, stream).nonce, "no such thing")
    assert board.answers().files[CLUSTERS] == Answer("1", 1, "no such thing")
    board.publish(CLUSTERS, published("3"))
    response = told(board, stream)
    ask(board, stream, CLUSTERS, response.nonce)
    assert (response.version_info, board.answers().files[CLUSTERS]) == ("3", Answer("3", 1, ""))
    assert silent(board, stream)


def test_an_answer_to_what_is_no_longer_the_last_says_nothing(board: Board) -> None:
    stream = board.enter()
    ask(board, stream)
    first = told(board, stream)
    board.publish(CLUSTERS, published("2"))
    second = told(board, stream)
    ask(board, stream, CLUSTERS, first.nonce)
    ask(board, stream, CLUSTERS, first.nonce, "refused")
    assert board.answers().files[CLUSTERS] == Answer()
    ask(board, stream, CLUSTERS, second.nonce)
    assert board.answers().files[CLUSTERS] == Answer("2")


def test_the_first_word_on_a_stream_asks_whatever_nonce_it_has_from_a_stream_before(board: Board) -> None:
    stream = board.enter()
    ask(board, stream, CLUSTERS, "17", "refused")
    assert board.answers().files[CLUSTERS] == Answer()
    assert told(board, stream).version_info == "1"


def test_one_that_asks_for_other_names_is_told_again(board: Board) -> None:
    stream = board.enter()
    ask(board, stream, ROUTES, "", "", "other")
    nonce = told(board, stream).nonce
    ask(board, stream, ROUTES, nonce, "", "other", "gemensam")
    response = told(board, stream)
    assert (response.version_info, response.nonce != nonce) == ("1", True)


def test_a_stream_that_comes_again_is_told_the_newest(board: Board) -> None:
    first = board.enter()
    ask(board, first)
    ask(board, first, CLUSTERS, told(board, first).nonce)
    board.leave(first)
    assert board.answers().connected == 0
    assert board.next(first) is None
    board.publish(CLUSTERS, published("2"))
    again = board.enter()
    ask(board, again)
    assert told(board, again).version_info == "2"


def test_several_envoys_run_on_a_version_when_all_of_them_do(board: Board) -> None:
    streams = [board.enter(), board.enter()]
    for stream, expected in zip(streams, ("", "1"), strict=True):
        ask(board, stream)
        ask(board, stream, CLUSTERS, told(board, stream).nonce)
        assert board.answers().files[CLUSTERS].version == expected


def test_what_is_not_ours_or_not_there_yet_is_never_answered() -> None:
    board = Board()
    stream = board.enter()
    board.hear(stream, REQUEST(type_url="type.googleapis.com/envoy.config.listener.v3.Listener"))
    ask(board, stream)
    assert silent(board, stream)
