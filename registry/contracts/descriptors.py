"""Sets of file descriptors as contracts: complete, and always the same bytes for the same files."""

from collections.abc import Iterable

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from registry.domain.problem import quoted

MEDIA_TYPE = "application/x-protobuf"


class Incomplete(Exception):
    """Files that are no set: the text says what is missing or contradicts itself, in a sentence."""


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
    stack, open_ = [path], set[str]()
    while stack:
        here = stack[-1]
        if here in done:
            stack.pop()
            continue
        waiting = [each for each in sorted(by_path[here].dependency) if each not in done]
        open_.add(here)
        for each in waiting:
            if each not in by_path:
                raise Incomplete(f"The file {quoted(here)} imports {quoted(each)}, which is not there.")
            if each in open_:
                raise Incomplete(f"The file {quoted(here)} imports itself, by way of {quoted(each)}.")
        stack += waiting
        if not waiting:
            done[here] = by_path[here]


def content(files: Iterable[FileDescriptorProto]) -> bytes:
    """The set as bytes: ordered, without comments and places in the sources. Errors: Incomplete."""
    result = FileDescriptorSet()
    for file in ordered(files):
        result.file.add().CopyFrom(file)
        result.file[-1].ClearField("source_code_info")
    return result.SerializeToString(deterministic=True)
