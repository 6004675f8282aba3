"""Sets are complete, in order, free of comments, and the same bytes for the same files, however they come."""

import importlib.util
import random
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from registry.contracts import protobuf
from registry.contracts.protobuf import building as descriptors_build
from registry.contracts.protobuf import descriptors
from registry.contracts.protobuf.descriptors import FILES, Gathering, Incomplete
from registry.domain.limits import SPEC_BYTES
from registry.errors import Precondition
from tests.unit.contracts.public_sets import PACKAGES, parsed, public

HEAD = 'syntax = "proto3"; package p;'


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.proto").write_text(f"{HEAD} {text}")
    return folder


def names(content: bytes) -> list[str]:
    return [each.name for each in FileDescriptorSet.FromString(content).file]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_order_in_which_files_come_does_not_matter(package: str) -> None:
    files = list(parsed(public(package)).file)
    for seed in range(5):
        random.Random(seed).shuffle(files)  # noqa: S311 - the same each time
        assert descriptors.content(files) == public(package)


def test_a_file_comes_after_all_that_it_imports() -> None:
    seen: set[str] = set()
    for file in parsed(public("googleapis-common-protos")).file:
        assert seen.issuperset(file.dependency)
        seen.add(file.name)


def test_a_folder_becomes_a_set_with_its_imports(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / ".hidden").mkdir()
    write(tmp_path / ".hidden", c="message C {}")
    write(
        tmp_path / "inner", b='import "google/protobuf/timestamp.proto"; message B { google.protobuf.Timestamp t = 1; }'
    )
    write(
        tmp_path,
        a='import "inner/b.proto"; import "google/api/http.proto"; message A { B b = 1; google.api.Http h = 2; }',
    )
    content = descriptors_build.build(tmp_path)
    assert names(content) == ["google/api/http.proto", "google/protobuf/timestamp.proto", "inner/b.proto", "a.proto"]
    assert protobuf.read(content) == ""


def test_comments_and_places_change_nothing(tmp_path: Path) -> None:
    write(tmp_path, a="message A { int32 x = 1; }")
    before = descriptors_build.build(tmp_path)
    (tmp_path / "a.proto").write_text(f"// Said.\n\n{HEAD}\n// More.\nmessage A {{\n  int32 x = 1; // x\n}}\n")
    assert descriptors_build.build(tmp_path) == before
    sourced = FileDescriptorSet.FromString(before)
    sourced.file[0].source_code_info.location.add(leading_comments="Said.")
    assert descriptors.content(sourced.file) == before


def test_another_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        made.append(
            descriptors_build.build(
                write(tmp_path / name, a="message A {}", b='import "a.proto"; message B { A a = 1; }')
            )
        )
    assert made[0] == made[1]


@pytest.mark.parametrize("name", ["-x", "--version", "@y", "a b", "å"])
def test_a_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.proto").write_text(f"{HEAD} message A {{}}")
    assert names(descriptors_build.build(tmp_path)) == [f"{name}.proto"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("message A { B b = 1; }", '"B" is not defined'),
        ("message A {", "a.proto:1:"),
        ('import "none.proto";', "none.proto: File not found"),
        ('import "/etc/hostname";', "File not found"),
        ('import "../other.proto";', "not allowed in the virtual path"),
        ('import "a.proto";', "imports itself"),
    ],
)
def test_what_protoc_refuses_is_told(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Incomplete) as caught:
        descriptors_build.build(write(tmp_path, a=text))
    assert words in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_folder_without_protos_is_no_contract(tmp_path: Path) -> None:
    with pytest.raises(Incomplete, match=r"no \.proto file"):
        descriptors_build.build(tmp_path)


def test_without_a_compiler_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    without = lambda name, *rest: None if name == "grpc_tools" else found(name, *rest)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(Precondition) as caught:
        descriptors_build.build(write(tmp_path, a=""))
    assert (caught.value.reason, caught.value.metadata) == ("EXTRA_MISSING", {"extra": "contracts"})


def file(name: str, *imports: str, **rest: Any) -> bytes:
    return FileDescriptorProto(name=name, dependency=imports, **rest).SerializeToString()


def gathered(sent: list[bytes]) -> bytes:
    gathering = Gathering()
    for each in sent:
        gathering.add(each)
    return gathering.content()


def test_files_are_gathered_until_none_is_missing() -> None:
    gathering = Gathering()
    gathering.add(file("a", "b", "c"))
    assert gathering.missing() == ["b", "c"]
    gathering.add(file("c", "d"))
    assert gathering.missing() == ["b", "d"]
    with pytest.raises(Incomplete, match="imports 'b', which is not there"):
        gathering.content()
    for each in (file("b"), file("d"), file("a", "b", "c")):
        gathering.add(each)
    assert gathering.missing() == []
    assert names(gathering.content()) == ["b", "d", "c", "a"]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ([b"\xff"], "no google.protobuf.FileDescriptorProto"),
        ([file("a"), file("a", package="p")], "sent twice, and not the same"),
        ([file(""), file("a")], "has no path"),
    ],
)
def test_what_does_not_fit_together_is_refused(sent: list[bytes], words: str) -> None:
    with pytest.raises(Incomplete, match=words):
        gathered(sent)


@pytest.mark.parametrize(("count", "refused"), [(FILES, False), (FILES + 1, True)])
def test_so_many_files_are_gathered(count: int, refused: bool) -> None:
    gathering, words = Gathering(), ""
    try:
        for number in range(count):
            gathering.add(file(str(number)))
    except Incomplete as error:
        words = str(error)
    assert ("more than 2000 files" in words) == refused


def padded(size: int) -> bytes:
    """A file whose set has exactly so many bytes."""
    frame = len(descriptors.content([FileDescriptorProto.FromString(file("a", package="x" * 3_000_000))])) - 3_000_000
    return file("a", package="x" * (size - frame))


@pytest.mark.parametrize(("size", "refused"), [(SPEC_BYTES, False), (SPEC_BYTES + 1, True)])
def test_so_many_bytes_are_a_contract(size: int, refused: bool) -> None:
    gathering, words = Gathering(), ""
    try:
        gathering.add(padded(size))
        assert len(gathering.content()) == size
    except Incomplete as error:
        words = str(error)
    assert (f"more than {SPEC_BYTES} bytes" in words) == refused
