"""Contracts on the command line: built, asked for, and held against each other."""

import hashlib
from pathlib import Path
from threading import Event

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from registry.cli import reflecting
from registry.cli.failure import Failure
from tests.integration.cli.program import Done, Server, gemensam
from tests.integration.cli.reflected import NEW, OLD, Answer, answering, server

ROOT = Path(__file__).parents[3]
HEAD = 'syntax = "proto3"; package p;'


def built(folder: Path, name: str, text: str) -> Path:
    (folder / name).mkdir()
    (folder / name / "a.proto").write_text(f"{HEAD} {text}")
    out = folder / f"{name}.binpb"
    assert gemensam("contract", "build", folder / name, "--out", out).code == 0
    return out


def test_a_contract_is_built(tmp_path: Path) -> None:
    out = built(tmp_path, "one", "message A {}")
    done = gemensam("contract", "build", tmp_path / "one", "--out", out, "--json")
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    assert done.lines() == [{"file": str(out), "sha256": digest, "size": out.stat().st_size}]


def test_what_cannot_be_built_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.proto").write_text(f"{HEAD} message A {{")
    done = gemensam("contract", "build", tmp_path, "--out", tmp_path / "out.binpb", "--json")
    assert done.code == 1
    assert "a.proto:1:" in done.error()["message"]
    assert not (tmp_path / "out.binpb").exists()


@pytest.mark.parametrize(
    ("before", "after", "code", "words"),
    [
        ("message A {}", "message A {}", 0, "Compatible: the version must take a step of at least patch."),
        ("message A {}", "message A {} message B {}", 0, "Compatible: the version must take a step of at least minor."),
        ("message A {} message B {}", "message A {}", 3, "Breaking: the version must take a step of at least major."),
    ],
)
def test_two_contracts_are_held_against_each_other(
    tmp_path: Path, before: str, after: str, code: int, words: str
) -> None:
    done = gemensam("contract", "compare", built(tmp_path, "old", before), built(tmp_path, "new", after))
    assert (done.code, done.out.splitlines()[-1]) == (code, words)


def test_every_difference_is_a_row_and_a_finding(tmp_path: Path) -> None:
    pair = built(tmp_path, "old", "message A { int32 x = 1; }"), built(tmp_path, "new", "message A { int64 x = 1; }")
    row = gemensam("contract", "compare", *pair).out.splitlines()[1]
    assert row.split(maxsplit=3)[:3] == ["breaks", "FIELD_SAME_TYPE", "p.A.x"]
    assert row.endswith("The type of p.A.x changed from int32 to int64.")
    (found,) = gemensam("contract", "compare", *pair, "--json").lines()
    assert (found["outcome"], found["demands"]) == ("VERDICT_OUTCOME_BREAKING", "VERSION_STEP_MAJOR")
    assert [each["rule"] for each in found["findings"]] == ["FIELD_SAME_TYPE"]


def test_contracts_that_cannot_be_held_against_each_other(tmp_path: Path) -> None:
    good, text, bad = built(tmp_path, "good", "message A {}"), tmp_path / "a.json", tmp_path / "bad.pb"
    text.write_text("{}")
    bad.write_bytes(b"\xff")
    assert gemensam("contract", "compare", good, text).code == 4
    assert gemensam("contract", "compare", good, bad, "--json").error()["reason"] == "CONTRACT_UNREADABLE"
    assert gemensam("contract", "compare", good, tmp_path / "good" / "a.proto").code == 2
    assert gemensam("contract", "compare", good, tmp_path / "none.binpb").code == 2


def reflected(address: str, out: Path) -> Done:
    return gemensam("contract", "reflect", address, "--out", out, "--json")


def test_a_registry_tells_its_own_contract(filled: Server, tmp_path: Path) -> None:
    own, wanted = tmp_path / "own.binpb", tmp_path / "wanted.binpb"
    assert reflected(filled.grpc, own).code == 0
    assert gemensam("contract", "build", ROOT / "protos", "--out", wanted).code == 0
    done = gemensam("contract", "compare", own, wanted, "--json")
    assert {each["rule"] for each in done.lines()[0].get("findings", [])} <= {"FILE_ADDED"}
    services = [each.name for file in FileDescriptorSet.FromString(own.read_bytes()).file for each in file.service]
    assert "OfferingService" in services
    assert not {"Health", "ServerReflection"} & set(services)


FILES = [FileDescriptorProto(name="a", package="p", dependency=["b"]), FileDescriptorProto(name="b")]
FILES[0].service.add(name="S")
SERVICES = ["p.S", "grpc.health.v1.Health", OLD, NEW]


@pytest.mark.parametrize("name", [NEW, OLD])
@pytest.mark.parametrize("all_at_once", [True, False])
def test_either_name_of_reflection_will_do(name: str, all_at_once: bool) -> None:
    with server(answering(FILES, SERVICES, all_at_once=all_at_once), name) as address:
        made = reflecting.reflect(address, tls=False)
    assert [each.name for each in FileDescriptorSet.FromString(made).file] == ["b", "a"]


def stubborn(request: ServerReflectionRequest) -> ServerReflectionResponse:
    """Sends the same file whatever it is asked for."""
    known = request if request.HasField("list_services") else ServerReflectionRequest(file_containing_symbol="p.S")
    return answering(FILES, SERVICES)(known)


def garbage(request: ServerReflectionRequest) -> ServerReflectionResponse:
    if request.HasField("list_services"):
        return answering(FILES, SERVICES)(request)
    response = ServerReflectionResponse()
    response.file_descriptor_response.file_descriptor_proto.append(b"\xff")
    return response


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "has no reflection"),
        (answering(FILES, SERVICES[1:]), "offers no service"),
        (answering(FILES[:1], SERVICES), "b is not here"),
        (answering(FILES, [f"p.S{number}" for number in range(2001)]), "offers more than 2000 services"),
        (stubborn, "asked for 'b', and sent something else"),
        (garbage, "no google.protobuf.FileDescriptorProto"),
    ],
)
def test_a_server_that_tells_no_contract(answer: Answer | None, words: str) -> None:
    with server(answer) as address, pytest.raises(Failure, match=words) as caught:
        reflecting.reflect(address, tls=False)
    assert caught.value.exit_code == 1


def test_a_server_that_never_answers_is_left_at_the_deadline() -> None:
    released = Event()

    def never(request: ServerReflectionRequest) -> ServerReflectionResponse:
        released.wait()
        return ServerReflectionResponse(original_request=request)

    with server(never) as address:
        with pytest.raises(Failure, match="in time") as caught:
            reflecting.reflect(address, tls=False, timeout=0.3)
        released.set()
    assert caught.value.exit_code == 5


def test_nobody_is_there(tmp_path: Path) -> None:
    with server(None) as address:
        pass
    done = reflected(address, tmp_path / "out.binpb")
    assert (done.code, (tmp_path / "out.binpb").exists()) == (5, False)
