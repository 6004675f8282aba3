"""Signing keys in files: one line, read by nobody but their owner."""

import contextlib
import os
import uuid
from pathlib import Path

from registry.errors import AlreadyExists, Invalid, NotFound
from registry.evidence import notes
from registry.evidence.notes import Signer, Unproven

NAME = "signing.key"
_MODE = 0o600


def read(path: Path) -> Signer:
    """The key in a file. Errors: NotFound, EVIDENCE_INVALID; the file's."""
    if not path.is_file():
        raise NotFound("RESOURCE_NOT_FOUND", f"There is no signing key {path}.", name=path)
    try:
        return notes.read_signer(path.read_text(encoding="utf-8"))
    except (Unproven, UnicodeDecodeError) as error:
        problem = str(error) if isinstance(error, Unproven) else "it is no text"
        raise Invalid("EVIDENCE_INVALID", f"{path}: {problem}", name=path, problem=problem) from None


def write(path: Path, signer: Signer) -> None:
    """Keep a new key; the file appears whole, and readable by its owner alone. Errors: AlreadyExists; the file's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "w") as file:
            file.write(f"{signer.secret()}\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)
    except FileExistsError:
        raise AlreadyExists("RESOURCE_ALREADY_EXISTS", f"{path} exists: name a new file.", name=path) from None
    finally:
        partial.unlink(missing_ok=True)


def made(path: Path) -> Signer:
    """The key in a file, which is made when there is none: of two that make one, both get the first. Errors: as above.

    A key's name is the origin of a registry's checkpoints; `gemensam keygen` makes one with a name of one's own.
    """
    if not path.exists():
        with contextlib.suppress(AlreadyExists):
            write(path, notes.make(f"gemensam-registry/{uuid.uuid4().hex[:12]}"))
    return read(path)
