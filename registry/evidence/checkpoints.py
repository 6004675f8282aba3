"""Checkpoints of the ledger (c2sp.org/tlog-checkpoint): its size and the root over all its entries, signed."""

import base64
import binascii
import re
from dataclasses import dataclass

from registry.evidence import notes
from registry.evidence.merkle import HASH_BYTES
from registry.evidence.notes import Note, Signer, Unproven, Verifier

GENERATION = "generation "
_FIRST = ("origin", "size", "root (base64 of 32 bytes)")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a registry said of its ledger. `size` is the newest revision, `origin` the name of the registry's key."""

    origin: str
    size: int
    root: bytes
    generation: str

    def text(self) -> str:
        """What is signed."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n{GENERATION}{self.generation}\n"

    def signed(self, signer: Signer) -> str:
        """The signed note."""
        return notes.signed(self.text(), signer)


def read(note: str) -> tuple[Checkpoint, Note]:
    """The checkpoint in a note whose signatures are not checked. Errors: Unproven."""
    whole = notes.read(note)
    lines = whole.text.removesuffix("\n").split("\n")
    origin, size, encoded = lines[:3] if len(lines) >= len(_FIRST) else ("", "", "")
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        root = b""
    if not origin or not _SIZE.fullmatch(size) or len(root) != HASH_BYTES:
        raise Unproven(f"It is no checkpoint, whose first lines are {', '.join(_FIRST)}.")
    generation = next((each for each in lines[3:] if each.startswith(GENERATION)), "")
    return Checkpoint(origin, int(size), root, generation.removeprefix(GENERATION)), whole


def checked(note: str, verifier: Verifier) -> Checkpoint:
    """The checkpoint in a note that the key has signed, and that is of the registry of that name. Errors: Unproven."""
    found, whole = read(note)
    whole.check(verifier)
    if found.origin != verifier.name:
        raise Unproven(f"It is of {found.origin}, and the key is that of {verifier.name}.")
    return found
