"""What is no contract is said to be none, with the reason; every limit holds at n, and not at n + 1."""

from collections.abc import Callable

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet

from registry.api.v1.verdict_pb2 import VerdictOutcome
from registry.contracts import protobuf
from registry.contracts.protobuf import set as protobuf_set
from registry.contracts.protobuf.descriptors import FILES
from registry.errors import Invalid

EMPTY = FileDescriptorProto(name="a.proto", syntax="proto3")


def a_set(*files: FileDescriptorProto) -> bytes:
    return FileDescriptorSet(file=files or [EMPTY]).SerializeToString()


def file(name: str = "a.proto", *imports: str, package: str = "") -> FileDescriptorProto:
    return FileDescriptorProto(name=name, syntax="proto3", package=package, dependency=imports)


def with_messages(count: int) -> bytes:
    made = file()
    for number in range(count):
        made.message_type.add(name=f"M{number}")
    return a_set(made)


def with_enums_and_services(count: int) -> bytes:
    made = file()
    for number in range(count - 1):
        made.enum_type.add(name=f"E{number}").value.add(name=f"V{number}", number=0)
    made.service.add(name="S")
    return a_set(made)


def with_values(count: int) -> bytes:
    made = file()
    enum = made.message_type.add(name="M").enum_type.add(name="E")
    enum.options.allow_alias = True
    for number in range(count):
        enum.value.add(name=f"V{number}", number=number // 2)
    return a_set(made)


def with_fields(count: int) -> bytes:
    made = file()
    for start in range(0, count, 1000):
        message = made.message_type.add(name=f"M{start}")
        for number in range(1, min(1000, count - start) + 1):
            message.field.add(name=f"x{number}", number=number, type=FieldDescriptorProto.TYPE_INT32, label=1)
    return a_set(made)


def with_reserved(count: int) -> bytes:
    made = file()
    made.message_type.add(name="M").reserved_name.extend(f"x{number}" for number in range(count))
    return a_set(made)


def with_depth(count: int) -> bytes:
    made = file()
    here = made.message_type.add(name="M")
    for _ in range(count - 1):
        here = here.nested_type.add(name="M")
    return a_set(made)


def with_files(count: int) -> bytes:
    return a_set(*(file(f"{number}.proto") for number in range(count)))


@pytest.mark.parametrize(
    ("make", "most", "words"),
    [
        (with_files, FILES, "more than 2000 files"),
        (with_messages, protobuf_set.MESSAGES, "more than 10000 messages"),
        (with_enums_and_services, protobuf_set.MESSAGES, "more than 10000 messages"),
        (with_values, protobuf_set.MEMBERS, "more than 100000 fields"),
        (with_fields, protobuf_set.MEMBERS, "more than 100000 fields"),
        (with_reserved, protobuf_set.MEMBERS, "more than 100000 fields"),
        (with_depth, protobuf_set.DEPTH, "more than 32 deep"),
    ],
)
def test_a_limit(make: Callable[[int], bytes], most: int, words: str) -> None:
    assert protobuf.read(make(most)) == ""
    assert words in protobuf.read(make(most + 1))


UNREADABLE = {
    "no bytes of protobuf": (b"\xff\xff\xff", "no serialised google.protobuf.FileDescriptorSet"),
    "nothing": (b"", "has no file"),
    "text": (b'{"openapi": "3.1.0"}', "no serialised"),
    "the same file twice": (a_set(file(), file()), "'a.proto' is there twice"),
    "no path": (a_set(file("")), "no path"),
    "an import that is missing": (a_set(file("a.proto", "b.proto")), "imports 'b.proto', which is not there"),
    "itself": (a_set(file("a.proto", "a.proto")), "imports itself"),
    "a circle": (
        a_set(file("a.proto", "b.proto"), file("b.proto", "c.proto"), file("c.proto", "a.proto")),
        "imports itself",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_contract(name: str) -> None:
    content, words = UNREADABLE[name]
    assert words in protobuf.read(content)
    for pair in ((content, a_set()), (a_set(), content)):
        with pytest.raises(Invalid, match="cannot be read as protobuf descriptors") as caught:
            protobuf.compare(*pair)
        assert caught.value.reason == "CONTRACT_UNREADABLE"
        assert words in caught.value.metadata["problem"]
        assert len(caught.value.metadata["sha256"]) == 64


def test_a_set_in_another_order_is_the_same_contract() -> None:
    files = [file("a.proto", "b.proto"), file("b.proto"), file("c.proto", "a.proto")]
    assert list(protobuf.compare(a_set(*files), a_set(*reversed(files))).findings) == []


@pytest.mark.parametrize(("count", "omitted"), [(199, 0), (200, 0), (201, 1)])
def test_two_hundred_findings_are_told_those_that_break_first(count: int, omitted: int) -> None:
    before, after = file("a.proto"), file("a.proto")
    before.message_type.add(name="Gone")
    for number in range(count - 1):
        after.message_type.add(name=f"M{number:03}")
    verdict = protobuf.compare(a_set(before), a_set(after))
    assert (len(verdict.findings), verdict.omitted) == (min(count, 200), omitted)
    assert [each.rule for each in verdict.findings[:2]] == ["MESSAGE_NO_DELETE", "MESSAGE_ADDED"]
    assert [each.path for each in verdict.findings[1:]] == sorted(each.path for each in verdict.findings[1:])


def test_files_of_the_runtime_come_and_go_and_count_where_they_differ() -> None:
    plain, runtime = file("a.proto"), file("google/protobuf/any.proto", package="google.protobuf")
    runtime.message_type.add(name="Any")
    other = FileDescriptorProto()
    other.CopyFrom(runtime)
    other.message_type[0].name = "Some"
    for pair in ((a_set(plain), a_set(plain, runtime)), (a_set(plain, runtime), a_set(plain))):
        assert protobuf.compare(*pair).outcome == VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE
        assert list(protobuf.compare(*pair).findings) == []
    found = protobuf.compare(a_set(plain, runtime), a_set(plain, other))
    assert [each.rule for each in found.findings] == ["MESSAGE_NO_DELETE", "MESSAGE_ADDED"]


def test_json_names_that_go_without_saying_need_not_be_written() -> None:
    said, unsaid = file(), file()
    for each in (said, unsaid):
        each.message_type.add(name="M").field.add(name="x_y", number=1, type=5, label=1)
    said.message_type[0].field[0].json_name = "xY"
    assert list(protobuf.compare(a_set(said), a_set(unsaid)).findings) == []
