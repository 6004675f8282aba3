"""Builds the set of .proto files with protoc, in a child process: it reads what others wrote."""

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.rpc import status_pb2

from registry.contracts.descriptors import FILES, Incomplete, content
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
        _run(folder, result, paths)
        files = FileDescriptorSet.FromString(result.read_bytes()).file
    return content(files)


def _run(folder: Path, result: Path, paths: list[str]) -> None:
    command = [sys.executable, "-m", f"{_COMPILER}.protoc", "--include_imports", f"--descriptor_set_out={result}"]
    command += [f"--proto_path={each}" for each in (folder, *_included())]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, and paths after `--proto_path` or below the folder
            [*command, *(f"./{each}" if each.startswith(("-", "@")) else each for each in paths)],
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Incomplete(f"protoc was not done after {TIMEOUT_SECONDS:.0f} s.") from None
    if done.returncode:
        lines = [each for each in done.stderr.splitlines() if ": warning:" not in each]
        raise Incomplete("protoc refuses it: " + "; ".join(lines[:_SHOWN_LINES]))


def _included() -> list[Path]:
    """Where protobuf's own files are, and those of googleapis."""
    found = importlib.util.find_spec(_COMPILER)
    if found is None or found.origin is None:
        text = "Building a contract from .proto files needs the extra `contracts`: pip install 'gemensam[contracts]'."
        raise Precondition("EXTRA_MISSING", text, extra="contracts")
    return [Path(found.origin).with_name("_proto"), Path(status_pb2.__file__).parents[2]]
