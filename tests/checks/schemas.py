"""The schemas of definition files are what the contract says: `python -m tests.checks.schemas [--write]`."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from registry.definitions.document import KINDS
from registry.definitions.schema import ALL, schema
from tests.checks.problem import ROOT, Problem, report

FOLDER = "registry/definitions/schemas"
REMEDY = "run `python -m tests.checks.schemas --write` and commit what it writes"
# Numbers of fields in the descriptors of files, messages and enums: what the paths of comments are made of.
_MESSAGE, _ENUM, _PART = 4, 5, 2


def comments(root: Path = ROOT) -> dict[str, str]:
    """The comments of messages, fields, enums and values by full name; lines as one paragraph."""
    found: dict[str, str] = {}
    for file in _descriptors(root).file:
        for location in file.source_code_info.location:
            if (name := _name(file, list(location.path))) and location.leading_comments:
                found[name] = " ".join(location.leading_comments.split())
    return found


def _descriptors(root: Path) -> FileDescriptorSet:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "protos.bin"
        sources = sorted(str(path.relative_to(root / "protos")) for path in (root / "protos").rglob("*.proto"))
        command = [sys.executable, "-m", "grpc_tools.protoc", "--proto_path=.", f"--descriptor_set_out={out}"]
        subprocess.run([*command, "--include_source_info", *sources], cwd=root / "protos", check=True)
        return FileDescriptorSet.FromString(out.read_bytes())


def _name(file: FileDescriptorProto, path: list[int]) -> str:
    """The full name of what a path leads to; '' for what is neither message, enum nor part of them."""
    if len(path) not in {2, 4} or path[0] not in {_MESSAGE, _ENUM}:
        return ""
    holder = (file.message_type if path[0] == _MESSAGE else file.enum_type)[path[1]]
    name = f"{file.package}.{holder.name}"
    if len(path) == 2:
        return name
    parts = getattr(holder, "field" if path[0] == _MESSAGE else "value")
    return f"{name}.{parts[path[3]].name}" if path[2] == _PART else ""


def texts(root: Path = ROOT) -> dict[str, str]:
    """Every schema by its path."""
    told = comments(root)
    return {
        f"{FOLDER}/{kind}.schema.json": json.dumps(schema(kind, told), ensure_ascii=False, indent=1) + "\n"
        for kind in (*KINDS.values(), ALL)
    }


def problems(root: Path = ROOT) -> Iterator[Problem]:
    """Schemas that are missing, that no kind has, or that differ from the contract."""
    made = texts(root)
    kept = {f"{FOLDER}/{path.name}": path.read_text(encoding="utf-8") for path in (root / FOLDER).glob("*")}
    for name in sorted(made.keys() | kept.keys()):
        if name not in made:
            yield Problem(name, 1, "is the schema of no kind: remove it")
        elif name not in kept:
            yield Problem(name, 1, f"is missing: {REMEDY}")
        elif made[name] != kept[name]:
            yield Problem(name, 1, f"is not what the contract says: {REMEDY}")


def write(root: Path = ROOT) -> None:
    """Write every schema."""
    for name, text in texts(root).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if "--write" in sys.argv:
        write()
    sys.exit(report("schemas", problems()))
