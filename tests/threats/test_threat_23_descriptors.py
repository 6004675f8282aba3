"""Threat 23: sets of descriptors that were made to hurt who reads them."""

import gc
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf import descriptor_pool, struct_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from registry.contracts import protobuf
from registry.contracts.protobuf import building as descriptors_build
from registry.contracts.protobuf.descriptors import Incomplete

HEAD = 'syntax = "proto3";'


def field(number: int, content: bytes) -> bytes:
    """One field of bytes as protobuf writes it."""
    length, size = len(content), b""
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + content


def nested(depth: int) -> bytes:
    message = field(1, b"M")
    for _ in range(depth - 1):
        message = field(1, b"M") + field(3, message)
    return field(1, field(1, b"a") + field(4, message))


def files(*made: FileDescriptorProto) -> bytes:
    return FileDescriptorSet(file=made).SerializeToString()


def chain(length: int, last: str) -> bytes:
    """Files that import each other, one after the other."""
    links = [
        FileDescriptorProto(name=f"{n}", dependency=[f"{n + 1}" if n + 1 < length else last]) for n in range(length)
    ]
    return files(*links)


def named(name: str, **rest: str) -> bytes:
    made = FileDescriptorProto(name="a", syntax="proto3", **rest)
    made.message_type.add(name=name)
    return files(made)


def twice() -> bytes:
    one, other = (FileDescriptorProto(name=name) for name in "ab")
    one.message_type.add(name="M")
    other.message_type.add(name="M")
    return files(one, other)


def pointing(to: str) -> bytes:
    made = FileDescriptorProto(name="a", syntax="proto3")
    made.message_type.add(name="M").field.add(name="x", number=1, label=1, type=11, type_name=to)
    return files(made)


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "100,000 messages": (
        lambda: field(1, field(1, b"a") + field(4, field(1, b"M")) * 100_000),
        "more than 10000 messages",
    ),
    "2,000,000 empty messages": (lambda: field(1, b"\x22\x00" * 2_000_000), "more than 10000 messages"),
    "2,000,000 empty files": (lambda: b"\x0a\x00" * 2_000_000, "more than 2000 files"),
    "2,000,000 empty fields": (lambda: field(1, field(4, b"\x12\x00" * 2_000_000)), "more than 100000 fields"),
    "2,000,000 imports": (lambda: field(1, field(1, b"a") + b"\x1a\x00" * 2_000_000), "more than 100000 fields"),
    "nested 33 deep": (lambda: nested(33), "more than 32 deep"),
    "nested 5,000 deep": (lambda: nested(5_000), "no serialised"),
    "2,000 files in a circle": (lambda: chain(2_000, "0"), "imports itself"),
    "2,000 files to nowhere": (lambda: chain(2_000, "gone"), "'gone', which is not there"),
    "a file that imports itself": (lambda: chain(1, "0"), "imports itself"),
    "the same name twice": (twice, "contradicts itself"),
    "a name with a dot": (lambda: named("a.b"), "contradicts itself"),
    "a name with a zero": (lambda: named("a\0b"), "contradicts itself"),
    "no name": (lambda: named(""), "contradicts itself"),
    "a package that is none": (lambda: named("M", package="..a"), "contradicts itself"),
    "a syntax that is none": (lambda: files(FileDescriptorProto(name="a", syntax="proto9")), "contradicts itself"),
    "a type that is nowhere": (lambda: pointing(".gone.M"), "contradicts itself"),
    "a type of this process": (lambda: pointing(".google.protobuf.Struct"), "contradicts itself"),
    "a name to be shown": (lambda: pointing(".\x1b[2J\u202e19811218-9876"), "contradicts itself"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_threat_23_a_bomb_is_refused_with_its_reason(name: str) -> None:
    make, words = BOMBS[name]
    problem = protobuf.read(make())
    assert words in problem
    assert "\x1b" not in problem
    assert "\u202e" not in problem
    assert "9876" not in problem
    assert len(problem) < 300


def test_threat_23_a_chain_of_imports_as_long_as_it_may_be_is_read() -> None:
    made = FileDescriptorSet.FromString(chain(2_000, "1999"))
    made.file[-1].ClearField("dependency")
    assert protobuf.read(made.SerializeToString()) == ""


def test_threat_23_what_others_send_never_gets_among_our_own_descriptors() -> None:
    false = FileDescriptorProto(name="google/protobuf/struct.proto", package="google.protobuf")
    false.message_type.add(name="Struct")
    ours = FileDescriptorProto(name="evil.proto", package="evil")
    ours.message_type.add(name="Evil")
    assert protobuf.read(files(false, ours)) == ""
    gc.collect()
    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName("evil.Evil")
    assert struct_pb2.Struct.DESCRIPTOR.fields_by_name.keys() == ["fields"]


def test_threat_23_two_sets_of_nothing_in_common_at_the_limits_are_judged() -> None:
    sides = []
    for side in "ab":
        made = FileDescriptorProto(name="a", syntax="proto3")
        enum = made.enum_type.add(name="E")
        enum.options.allow_alias = True
        for number in range(99_000):
            enum.value.add(name=f"{side}{number}", number=number % 2)
        sides.append(files(made))
    verdict = protobuf.compare(*sides)
    assert {each.rule for each in verdict.findings} == {"ENUM_VALUE_SAME_NAME"}


def test_threat_23_a_folder_of_protos_runs_nothing_of_its_own(tmp_path: Path) -> None:
    room, ran = tmp_path / "grpc_tools", tmp_path / "ran"
    room.mkdir()
    program = f"open({str(ran)!r}, 'w').close()\n"
    for name in ("__init__.py", "protoc.py", "../sitecustomize.py", "../os.py"):
        (room / name).write_text(program)
    (tmp_path / "a.proto").write_text(f"{HEAD} message M {{}}")
    (tmp_path / "@a.proto").write_text("--python_out=.")
    with pytest.raises(Incomplete, match="protoc refuses it"):
        descriptors_build.build(tmp_path)
    (tmp_path / "@a.proto").unlink()
    assert descriptors_build.build(tmp_path)
    assert not ran.exists()
