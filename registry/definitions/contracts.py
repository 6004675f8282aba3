"""Contracts that definitions name by file: kept by the hash of their content, sent along with the releases.

A .proto file is no contract that somebody else could read: it stands for the set that is built of it and its imports.
"""

import hashlib
import re
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from registry.api.v1.release_pb2 import Spec, SpecContent
from registry.contracts.protobuf import building as descriptors_build
from registry.contracts.protobuf.descriptors import MEDIA_TYPE, Incomplete
from registry.definitions.values import Unreadable
from registry.domain.limits import SPEC_BYTES
from registry.domain.problem import quoted

_MEDIA_TYPE = re.compile(r"[\w.+-]{1,127}/[\w.+-]{1,127}", re.ASCII)


class Contracts:
    """The contracts of all definitions by hash, and the folders that each definition file may take them from.

    Definitions come from others: they must not make us send files that have nothing to do with them.
    """

    def __init__(self) -> None:
        self.by_hash: dict[str, SpecContent] = {}
        self._folders: dict[str, tuple[Path, Path]] = {}

    def allow(self, source: str, folder: Path, root: Path) -> None:
        """Let a definition file in `folder` name contracts by paths from there, inside `root`."""
        self._folders[source] = folder, root

    def take(self, source: str, file: str, media_type: str) -> Spec:
        """The contract that a definition file names, by its hash. Errors: Unreadable, Precondition EXTRA_MISSING."""
        if not file:
            raise Unreadable("needs the file's path, relative to the definition file.")
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise Unreadable("needs a media_type, for example application/vnd.oai.openapi+json.")
        if source not in self._folders:
            raise Unreadable(
                "names a file, but what comes from standard input has no folder; name the definition file."
            )
        folder, root = self._folders[source]
        path = (folder / file).resolve()
        if not path.is_relative_to(root.resolve()):
            raise Unreadable(f"names {quoted(file)}, which is outside {root.resolve().name}; apply a folder of both.")
        if path.suffix == ".proto" and media_type == MEDIA_TYPE and path.is_file():
            return self._keep(_built(path, folder.resolve(), root.resolve()), media_type)
        return self._read(path, media_type)

    def _read(self, path: Path, media_type: str) -> Spec:
        if not path.is_file():
            raise Unreadable(f"names {quoted(path.name)}, and there is no such file.")
        try:
            with path.open("rb") as opened:
                content = opened.read(SPEC_BYTES + 1)
        except OSError as error:
            raise Unreadable(f"names a file that cannot be read: {error.strerror}.") from error
        if len(content) > SPEC_BYTES:
            raise Unreadable(f"names a file of more than {SPEC_BYTES} bytes; that much a contract may have.")
        return self._keep(content, media_type)

    def _keep(self, content: bytes, media_type: str) -> Spec:
        sha256 = hashlib.sha256(content).hexdigest()
        self.by_hash[sha256] = SpecContent(media_type=media_type, content=content)
        return Spec(media_type=media_type, sha256=sha256, size=len(content))


def _built(path: Path, folder: Path, root: Path) -> bytes:
    """The set of a .proto file, whose imports start from the definition's folder, or else from its own."""
    start = folder if path.is_relative_to(folder) else path.parent
    try:
        content = descriptors_build.compiled(start, [path.relative_to(start).as_posix()])
    except Incomplete as error:
        text = (
            f"names {quoted(path.name)}, of which no set of descriptors can be built; imports start from {start.name}/."
        )
        raise Unreadable(f"{text} {error}") from error
    for each in FileDescriptorSet.FromString(content).file:
        if (start / each.name).exists() and not (start / each.name).resolve().is_relative_to(root):
            raise Unreadable(f"imports {quoted(each.name)}, which is a link to outside {root.name}.")
    return content
