"""Threat 20: half a mebibyte that unpacks to 512 is refused before it is unpacked, so that nobody's memory is taken."""

import json
import re
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import http2
from tests.bench.http2 import DATA, END_HEADERS, END_STREAM, HEADERS, WINDOW, WINDOW_UPDATE
from tests.integration.cli.program import environment

MEBIBYTE = 1 << 20
UNPACKED_MEBIBYTES, MOST_MEBIBYTES, CHUNK = 512, 20, 16_384
METHOD = "/gemensam.registry.v1.FeedService/GetHead"
REFUSED, TAKEN = b"grpc-status\x018", b"grpc-status\x010"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """A registry as a process of its own: its number, and where it is."""
    settings = {"GEMENSAM_DATA": str(tmp_path), "GEMENSAM_GRPC_ADDRESS": "127.0.0.1:0", "GEMENSAM_WEB_ADDRESS": ""}
    command = [sys.executable, "-m", "tests.server"]
    with subprocess.Popen(
        command, env=environment(**settings), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        yield told["pid"], told["grpc"]
        process.terminate()


def packed(mebibytes: int) -> bytes:
    """So many zeros as gzip, made piece by piece."""
    made, zeros = zlib.compressobj(9, zlib.DEFLATED, 31), bytes(MEBIBYTE)
    return b"".join(made.compress(zeros) for _ in range(mebibytes)) + made.flush()


class Call:
    """One call over a connection of its own, with a message that is packed already and may need more than one window."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=60)
        self._read = self._socket.makefile("rb")
        self._windows = {0: WINDOW, 1: WINDOW}
        self.headers = b""
        words = http2._headers(METHOD, address) + http2._literal(b"\x00\x0dgrpc-encoding", "gzip")
        opened = http2.PREFACE + http2._frame(http2.SETTINGS, 0, 0, http2.NO_TABLE)
        self._socket.sendall(opened + http2._frame(HEADERS, END_HEADERS, 1, words))

    def ask(self, message: bytes) -> bytes:
        """Send the message; returns the trailers, as they are on the wire."""
        rest = b"\1" + struct.pack(">I", len(message)) + message
        while rest and not self.headers:
            size = min(CHUNK, len(rest), *self._windows.values())
            if size <= 0:
                self._take()
                continue
            last = END_STREAM if size == len(rest) else 0
            self._socket.sendall(http2._frame(DATA, last, 1, rest[:size]))
            rest = rest[size:]
            self._windows = {stream: left - size for stream, left in self._windows.items()}
        while b"grpc-status" not in self.headers:
            self._take()
        self._read.close()
        self._socket.close()
        return self.headers

    def _take(self) -> None:
        head = self._read.read(http2.HEAD_BYTES)
        assert head, "the server hung up"
        payload = self._read.read(int.from_bytes(head[:3], "big"))
        kind, stream = head[3], int.from_bytes(head[5:], "big")
        if kind == HEADERS:
            self.headers += payload
        elif kind == WINDOW_UPDATE:
            self._windows[stream] += struct.unpack(">I", payload)[0]
        elif kind == http2.SETTINGS and not head[4] & http2.ACK:
            told = dict(struct.iter_unpack(">HI", payload))
            self._windows[1] += told.get(4, WINDOW) - WINDOW
            self._socket.sendall(http2._frame(http2.SETTINGS, http2.ACK, 0, b""))


def memory(pid: int, what: str) -> int:
    """Bytes that the process has (VmRSS), or had at most since it was last forgotten (VmHWM)."""
    found = re.search(rf"^{what}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def test_threat_20_a_message_that_unpacks_to_512_mebibytes_is_refused(server: tuple[int, str]) -> None:
    pid, address = server
    taken = Call(address).ask(zlib.compress(b"", wbits=31))
    assert TAKEN in taken, "what is packed and small is taken"
    bomb = packed(UNPACKED_MEBIBYTES)
    assert len(bomb) < MEBIBYTE
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # forgets the peak
    before = memory(pid, "VmRSS")
    assert memory(pid, "VmHWM") - before < MEBIBYTE
    refused = Call(address).ask(bomb)
    grown = (memory(pid, "VmHWM") - before) / MEBIBYTE
    assert REFUSED in refused, refused
    assert grown <= MOST_MEBIBYTES, f"grew by {grown:.0f} MiB"
    print(f"grew by {grown:.1f} MiB")  # noqa: T201 - a figure, with -s
    assert TAKEN in Call(address).ask(zlib.compress(b"", wbits=31)), "others are served as before"
