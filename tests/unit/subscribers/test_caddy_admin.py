"""Questions to a Caddy that opens its admin address anew: cut off a few times, they are answered all the same."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from subscribers.adapter import AdapterError
from subscribers.adapters import caddy_admin
from subscribers.adapters.caddy_admin import TRIES, CaddyAdmin

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]"
RESET = struct.pack("ii", 1, 0)  # closing sends RST


@contextmanager
def cutting_off(times: int) -> Iterator[str]:
    """A server that cuts off so many questions, and answers those that follow; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for number in range(times + 1):
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    if number < times:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    else:
                        connection.sendall(ANSWER)

        serving = threading.Thread(target=serve)
        serving.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        serving.join()


@pytest.mark.parametrize(("times", "answered"), [(0, True), (1, True), (TRIES - 1, True), (TRIES, False)])
def test_a_question_that_is_cut_off_is_asked_again(monkeypatch: pytest.MonkeyPatch, times: int, answered: bool) -> None:
    monkeypatch.setattr(caddy_admin, "PAUSE_SECONDS", 0.0)
    with cutting_off(times) as address:
        admin = CaddyAdmin(address, "gateway")
        if answered:
            assert admin.routes()[0] == []
        else:
            with pytest.raises(AdapterError) as error:
                admin.routes()
            assert error.value.reason == "TARGET_UNAVAILABLE"
        admin.close()
