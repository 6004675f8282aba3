"""Checkpoints in files, keys as people give them, and what a registry proves of both: checked here, never believed."""

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from registry.cli.failure import Failure
from registry.errors import Invalid
from registry.evidence import checkpoints, merkle, notes
from registry.evidence.checkpoints import Checkpoint
from registry.evidence.notes import Unproven, Verifier

if TYPE_CHECKING:
    from registry.cli.connection import Registry


def verifier(given: str) -> Verifier:
    """The public key, given as it is or as a file that holds it. Errors: EVIDENCE_INVALID; the file's."""
    try:
        file = Path(given)
        text = given if "+" in given or not file.is_file() else file.read_text(encoding="utf-8")
        return notes.read_verifier(text)
    except (Unproven, UnicodeDecodeError) as error:
        raise _invalid("the key", error) from None


def saved(path: Path, key: Verifier) -> Checkpoint:
    """The checkpoint in a file, signed by the key. Errors: EVIDENCE_INVALID; the file's."""
    try:
        return checkpoints.checked(path.read_text(encoding="utf-8"), key)
    except (Unproven, UnicodeDecodeError) as error:
        raise _invalid(str(path), error) from None


def newest(registry: "Registry", key: Verifier | None) -> tuple[Checkpoint, str, Verifier]:
    """What the registry signs now, as it is and as a note, with its key; without a `key`, the one that it tells.

    Errors: EVIDENCE_INVALID, Failure.
    """
    from registry.api.v1.evidence_service_pb2 import GetCheckpointRequest  # noqa: PLC0415 - not for offline checks

    answer = registry.call(registry.evidence.GetCheckpoint, GetCheckpointRequest())
    key = key or verifier(answer.verifier_key)
    try:
        return checkpoints.checked(answer.checkpoint, key), answer.checkpoint, key
    except Unproven as error:
        raise _invalid(registry.address, error) from None


def is_continued(registry: "Registry", old: Checkpoint, new: Checkpoint) -> bool:
    """Whether the registry proves that the new one begins with the old one; not when it has less than it signed.

    Errors: Failure.
    """
    if old.size >= new.size:
        return old.size == new.size and old.root == new.root
    from registry.api.v1.evidence_service_pb2 import GetConsistencyProofRequest  # noqa: PLC0415 - as above

    request = GetConsistencyProofRequest(from_size=old.size, to_size=new.size)
    try:
        answer = registry.call(registry.evidence.GetConsistencyProof, request)
    except Failure as error:
        if error.reason != "REVISION_IN_FUTURE":
            raise
        return False
    return merkle.is_consistent(old.size, new.size, old.root, new.root, list(answer.hashes))


def write(path: Path, note: str) -> None:
    """Keep a checkpoint; the file holds the old one or the new one, whole. Errors: the file's."""
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        partial.write_text(note, encoding="utf-8", newline="\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _invalid(name: str, error: Exception) -> Invalid:
    problem = str(error) if isinstance(error, Unproven) else "It is no text."
    return Invalid("EVIDENCE_INVALID", f"{name}: {problem}", name=name, problem=problem)
