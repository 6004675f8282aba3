"""Sets of file descriptors as contracts: complete, and always the same bytes for the same files."""

from collections.abc import Iterable

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.message import DecodeError

from registry.domain.limits import SPEC_BYTES
from registry.domain.problem import quoted

MEDIA_TYPE = "application/x-protobuf"
FILES = 2_000


class Incomplete(Exception):
    """Files that are no set: the text says what is missing or contradicts itself, in a sentence."""


class Gathering:
    """Files that come one by one, from somebody who sends each when asked for it."""

    def __init__(self) -> None:
        self._files: dict[str, FileDescriptorProto] = {}
        self._size = 0

    def add(self, serialised: bytes) -> None:
        """Take a file; the same one again does no harm. Errors: Incomplete."""
        try:
            file = FileDescriptorProto.FromString(serialised)
        except DecodeError:
            raise Incomplete("What was sent is no google.protobuf.FileDescriptorProto.") from None
        file.ClearField("source_code_info")
        if self._files.get(file.name, file) != file:
            raise Incomplete(f"The file {quoted(file.name)} was sent twice, and not the same.")
        self._size += 0 if file.name in self._files else file.ByteSize()
        self._files[file.name] = file
        if len(self._files) > FILES:
            raise Incomplete(f"There are more than {FILES} files.")
        _within(self._size)

    def missing(self) -> list[str]:
        """Files that others import and nobody has sent yet, by path."""
        wanted = {each for file in self._files.values() for each in file.dependency}
        return sorted(wanted - self._files.keys())

    def content(self) -> bytes:
        """The set as bytes. Errors: Incomplete."""
        return content(self._files.values())


def content(files: Iterable[FileDescriptorProto]) -> bytes:
    """The set as bytes: ordered, without comments and places in the sources. Errors: Incomplete."""
    result = FileDescriptorSet()
    for file in ordered(files):
        result.file.add().CopyFrom(file)
        result.file[-1].ClearField("source_code_info")
    made = result.SerializeToString(deterministic=True)
    _within(len(made))
    return made


def _within(size: int) -> None:
    if size > SPEC_BYTES:
        raise Incomplete(f"The set has more than {SPEC_BYTES} bytes; that much a contract may have.")


def ordered(files: Iterable[FileDescriptorProto]) -> list[FileDescriptorProto]:
    """The files, each after all that it imports, else by path. Errors: Incomplete."""
    by_path: dict[str, FileDescriptorProto] = {}
    for file in files:
        if not file.name:
            raise Incomplete("A file has no path.")
        if by_path.setdefault(file.name, file) is not file:
            raise Incomplete(f"The file {quoted(file.name)} is there twice.")
    done: dict[str, FileDescriptorProto] = {}
    for path in sorted(by_path):
        _place(path, by_path, done)
    return list(done.values())


def _place(path: str, by_path: dict[str, FileDescriptorProto], done: dict[str, FileDescriptorProto]) -> None:
    """Put a file behind its imports; without recursion, since a chain of imports may be as long as it likes."""
    stack, ancestors = [path], set[str]()
    while stack:
        here = stack[-1]
        waiting = [each for each in sorted(set(by_path[here].dependency)) if each not in done]
        if here in done or not waiting:
            done[here] = by_path[here]
            stack.pop()
            continue
        ancestors.add(here)
        for each in waiting:
            if each not in by_path:
                raise Incomplete(f"The file {quoted(here)} imports {quoted(each)}, which is not there.")
            if each in ancestors:
                raise Incomplete(f"The file {quoted(here)} imports itself, by way of {quoted(each)}.")
        stack += reversed(waiting)
