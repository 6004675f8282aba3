"""Builds the set of .proto files with protoc, in a child process: it reads what others wrote."""

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.rpc import status_pb2

from registry.contracts.protobuf.descriptors import FILES, Incomplete, content
from registry.errors import Precondition

TIMEOUT_SECONDS = 60.0
_COMPILER = "grpc_tools"
_SHOWN_LINES = 5


def build(folder: Path) -> bytes:
    """The set of every .proto file below a folder, and of what they import; imports are written from that folder.

    Errors: Incomplete, Precondition EXTRA_MISSING.
    """
    found = (each.relative_to(folder) for each in folder.rglob("*.proto") if each.is_file())
    paths = sorted(each.as_posix() for each in found if not any(part.startswith(".") for part in each.parts))
    if not paths:
        raise Incomplete("There is no .proto file in this folder.")
    if len(paths) > FILES:
        raise Incomplete(f"There are more than {FILES} .proto files in this folder.")
    return compiled(folder, paths)


def compiled(folder: Path, paths: list[str]) -> bytes:
    """The set of these files, and of what they import: from the folder, from protobuf, and of googleapis.

    Errors: Incomplete, Precondition EXTRA_MISSING.
    """
    with tempfile.TemporaryDirectory() as place:
        result = Path(place) / "set.binpb"
        _run(folder.resolve(), result, paths)
        files = FileDescriptorSet.FromString(result.read_bytes()).file
    return content(files)


def _run(folder: Path, result: Path, paths: list[str]) -> None:
    # `-P`: what lies in the folder must not be taken for a module of ours.
    command = [sys.executable, "-P", "-m", f"{_COMPILER}.protoc", "--include_imports"]
    command += [f"--descriptor_set_out={result}", f"--proto_path={folder}", f"--proto_path={_googleapis()}"]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, and absolute paths
            [*command, *(str(folder / each) for each in paths)],
            cwd=result.parent,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Incomplete(f"protoc was not done after {TIMEOUT_SECONDS:.0f} s.") from None
    if done.returncode:
        lines = [each.removeprefix(f"{folder}/") for each in done.stderr.splitlines() if ": warning:" not in each]
        raise Incomplete("protoc refuses it: " + "; ".join(lines[:_SHOWN_LINES]))


def _googleapis() -> Path:
    """Where the files of googleapis are; protobuf's own come with the compiler."""
    if importlib.util.find_spec(_COMPILER) is None:
        text = "Building a contract from .proto files needs the extra `contracts`: pip install 'gemensam[contracts]'."
        raise Precondition("EXTRA_MISSING", text, extra="contracts")
    return Path(status_pb2.__file__).parents[2]
