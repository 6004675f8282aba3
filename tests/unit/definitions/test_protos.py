"""A definition may name a .proto file: its contract is the set that is built of it."""

import hashlib
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from registry import definitions
from registry.contracts import protobuf
from tests.unit.definitions.test_sources import release

SPEC = "{file: %s, media_type: application/x-protobuf}"
HEAD = 'syntax = "proto3"; package p;'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A definition's folder with two protos, beside one that has nothing to do with it."""
    folder = tmp_path / "in"
    (folder / "p").mkdir(parents=True)
    (folder / "p" / "b.proto").write_text(f"{HEAD} message B {{}}")
    (folder / "a.proto").write_text(f'{HEAD} import "p/b.proto"; service S {{ rpc R(B) returns (B); }}')
    (tmp_path / "secret.proto").write_text(f"{HEAD} message Secret {{}}")
    return folder


def content(found: definitions.Definitions) -> bytes:
    assert found.problems == []
    spec = found.items[0].resource.release.interfaces[0].spec
    kept = found.contracts[spec.sha256]
    assert (spec.media_type, kept.media_type) == ("application/x-protobuf",) * 2
    assert spec.sha256 == hashlib.sha256(kept.content).hexdigest()
    assert spec.size == len(kept.content)
    return kept.content


def names(made: bytes) -> list[str]:
    return [each.name for each in FileDescriptorSet.FromString(made).file]


def test_a_proto_stands_for_the_set_that_is_built_of_it(folder: Path) -> None:
    made = content(release(folder, SPEC % "a.proto"))
    assert names(made) == ["p/b.proto", "a.proto"]
    assert protobuf.read(made) == ""
    assert content(release(folder, SPEC % "a.proto")) == made


def test_imports_start_from_the_definitions_folder(folder: Path) -> None:
    assert names(content(release(folder, SPEC % "p/b.proto"))) == ["p/b.proto"]


def test_imports_of_a_proto_that_lies_elsewhere_start_from_its_own_folder(folder: Path) -> None:
    assert names(content(release(folder / "releases", SPEC % "../p/b.proto", folder))) == ["b.proto"]


def test_a_set_that_is_built_already_goes_along_as_it_is(folder: Path) -> None:
    (folder / "a.binpb").write_bytes(b"as it is")
    assert content(release(folder, SPEC % "a.binpb")) == b"as it is"


def test_a_proto_of_another_media_type_goes_along_as_it_is(folder: Path) -> None:
    found = release(folder, "{file: p/b.proto, media_type: text/plain}")
    (kept,) = found.contracts.values()
    assert kept.content == (folder / "p" / "b.proto").read_bytes()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("message A { B b = 1; }", "no set of descriptors can be built; imports start from in/"),
        ('import "gone.proto";', "gone.proto: File not found"),
        ('import "../secret.proto";', "not allowed in the virtual path"),
        ('import "link.proto"; message A { Secret s = 1; }', "'link.proto', which is a link to outside in"),
    ],
)
def test_a_proto_of_which_nothing_can_be_built(folder: Path, text: str, words: str) -> None:
    (folder / "link.proto").symlink_to(folder.parent / "secret.proto")
    (folder / "a.proto").write_text(f"{HEAD} {text}")
    found = release(folder, SPEC % "a.proto")
    assert words in "\n".join(map(str, found.problems))
    assert {each.place.line for each in found.problems} == {9}
    assert found.contracts == {}
