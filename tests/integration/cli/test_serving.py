"""`gemensam serve`: where it listens, what it refuses, how it ends."""

import json
import re
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.integration.cli.conftest import Start
from tests.integration.cli.program import PROGRAM, Server, environment, gemensam, whole


def test_it_says_where_it_listens_in_one_line(registry: Server) -> None:
    assert re.fullmatch(r"listening grpc=127\.0\.0\.1:[1-9]\d* web=127\.0\.0\.1:[1-9]\d*\n", registry.first_line)
    assert "on loopback" in "".join(registry.process.stdout.readline() for _ in range(2)).lower()  # type: ignore[union-attr]
    assert httpx.get(f"http://{registry.web}/health/ready").status_code == 200
    assert registry("list", "organisations").code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order_when_asked_to(start: Start, number: signal.Signals) -> None:
    registry = start()
    assert registry.stop(number) == 0
    assert "registry.stopping" in registry.log
    assert "Traceback" not in registry.log


def test_what_it_keeps_is_there_again(start: Start) -> None:
    first = start()
    assert first("import", "organisations").code == 0
    first.stop()
    again = start("data")
    assert again("get", "organisations/gotland").code == 0


def test_options_come_before_the_environment(start: Start, tmp_path: Path) -> None:
    registry = start("data", "--json-logs", GEMENSAM_DATA=str(tmp_path / "other"), GEMENSAM_GRPC_ADDRESS="0.0.0.0:1")
    assert registry.grpc
    assert (registry.data / "gemensam.db").is_file()
    assert not (tmp_path / "other").exists()
    assert json.loads(registry.log.splitlines()[0])["event"] == "registry.serving"


def test_no_web_face_when_it_is_not_wanted(start: Start) -> None:
    registry = start("data", "--web-address", "")
    assert registry.first_line.endswith(" web=-\n")


def test_only_loopback_is_listened_on(tmp_path: Path) -> None:
    done = gemensam("serve", "--data", tmp_path, "--grpc-address", "0.0.0.0:0", "--json")
    assert done.code == 2  # serve has no --json
    done = gemensam("serve", "--data", tmp_path, "--grpc-address", "0.0.0.0:0")
    assert done.code == 1
    assert "reason  ADDRESS_NOT_LOOPBACK" in done.err
    assert "remedy" in done.err


@pytest.mark.parametrize("option", ["--grpc-address", "--web-address"])
def test_a_taken_address_is_explained(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        free = {"--grpc-address": "127.0.0.1:0", "--web-address": ""} | {option: address}
        done = whole("serve", "--data", tmp_path, *(word for pair in free.items() for word in pair))
    assert done.code == 1
    first, *rest = [line for line in done.err.splitlines() if not line.startswith("20")]
    assert first == f"Error: {address} cannot be listened on: another program has it, or it is not of this machine."
    assert rest[0] == "  reason  ADDRESS_UNAVAILABLE"
    assert "port 0 takes a free one" in rest[1]


@pytest.mark.parametrize(
    ("option", "value", "code", "words"),
    [
        ("--database-url", "postgresql://user:secret@127.0.0.1:1/none", 1, "STORE_UNAVAILABLE"),
        ("--database-url", "nosuch://user:secret@127.0.0.1/none", 1, "FIELD_INVALID"),
        ("--database-url", "no url", 1, "FIELD_INVALID"),
        ("--data", "/dev/null/x", 1, "/dev/null/x: Not a directory"),
    ],
)
def test_a_store_that_cannot_be_had_is_explained(option: str, value: str, code: int, words: str) -> None:
    done = gemensam("serve", "--grpc-address", "127.0.0.1:0", "--web-address", "", option, value)
    assert done.code == code
    assert words in done.err
    assert "remedy" in done.err
    assert "secret" not in done.err
    assert "Traceback" not in done.err


def test_a_setting_that_cannot_be_read_is_wrong_usage(tmp_path: Path) -> None:
    done = gemensam("serve", "--data", tmp_path, GEMENSAM_SLOW_READER_SECONDS="-1")
    assert done.code == 2
    assert "GEMENSAM_SLOW_READER_SECONDS Input should be greater than 0" in done.err


def test_the_whole_program_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    command = [PROGRAM, "serve", "--data", tmp_path / "data", "--grpc-address", "127.0.0.1:0", "--web-address", ""]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline().startswith("listening grpc=127.0.0.1:")
        program.terminate()
        _, err = program.communicate(timeout=60)
    assert program.returncode == 0
    assert "registry.stopping" in err


def test_version() -> None:
    assert gemensam("--version").out == gemensam("version").out
    assert gemensam("version").out.startswith("gemensam 0.")
    assert gemensam("version", "--json").lines()[0]["api"] == "gemensam.registry.v1"
