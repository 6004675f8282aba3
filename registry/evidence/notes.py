"""Signed notes as the C2SP describes them (c2sp.org/signed-note): a text, and lines of Ed25519 signatures below it."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
NAME = re.compile(r"[^\s+]{1,200}")
_PRIVATE = "PRIVATE+KEY+"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_DASH = "\N{EM DASH} "
_KEY_BYTES, _ID_BYTES, _SIGNATURE_BYTES = 33, 4, 64


class Unproven(Exception):
    """It cannot be read, or its signature is not right; says which."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name: `name+hash+base64` in its written form."""

    name: str
    key: bytes

    @property
    def hash(self) -> str:
        """What the key is known by beside its name: 8 hexadecimal digits."""
        named = self.name.encode() + b"\n" + ED25519 + self.key
        return hashlib.sha256(named).hexdigest()[: 2 * _ID_BYTES]

    @property
    def id(self) -> str:
        """Name and hash, as signatures name the key."""
        return f"{self.name}+{self.hash}"

    def __str__(self) -> str:
        return f"{self.id}+{base64.b64encode(ED25519 + self.key).decode()}"

    def is_right(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature is this key's, of this message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """A private key with its name."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._seed, self._key = seed, Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)

    def secret(self) -> str:
        """The written form of the private key, on one line."""
        return f"{_PRIVATE}{self.verifier.id}+{base64.b64encode(ED25519 + self._seed).decode()}"


def make(name: str) -> Signer:
    """A new key. Errors: Unproven for a name with spaces or plus signs."""
    if not NAME.fullmatch(name):
        raise Unproven(f"{name[:200]!r} names no key: 1 to 200 characters without spaces and plus signs do.")
    return Signer(name, Ed25519PrivateKey.generate().private_bytes_raw())


def read_verifier(text: str) -> Verifier:
    """The public key of its written form. Errors: Unproven."""
    name, key_hash, key = _parts(text.strip(), "a verifier key is written as name+hash+base64")
    verifier = Verifier(name, key)
    if verifier.hash != key_hash:
        raise Unproven(f"The verifier key {name}+{key_hash} is damaged: its hash would be {verifier.hash}.")
    return verifier


def read_signer(text: str) -> Signer:
    """The private key of its written form. Errors: Unproven, without a word of what was read."""
    text, why = text.strip(), "a signing key is one line that begins with PRIVATE+KEY+"
    if not text.startswith(_PRIVATE):
        raise Unproven(f"This is no key: {why}.")
    name, key_hash, seed = _parts(text.removeprefix(_PRIVATE), why)
    signer = Signer(name, seed)
    if signer.verifier.hash != key_hash:
        raise Unproven(f"The signing key {name} is damaged: its hash is not that of its public key.")
    return signer


def _parts(text: str, why: str) -> tuple[str, str, bytes]:
    name, _, rest = text.partition("+")
    key_hash, _, encoded = rest.partition("+")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if not NAME.fullmatch(name) or len(key) != _KEY_BYTES or not key.startswith(ED25519):
        raise Unproven(f"This is no Ed25519 key: {why}.")
    return name, key_hash, key.removeprefix(ED25519)


def signed(text: str, signer: Signer) -> str:
    """The note: a text that ends in a line break, and one signature."""
    signature = bytes.fromhex(signer.verifier.hash) + signer.sign(text.encode())
    return f"{text}\n{_DASH}{signer.verifier.name} {base64.b64encode(signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it was read: its text, and (key id as `name+hash`, signature) of each line."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]

    def check(self, verifier: Verifier) -> None:
        """Refuse a note that the key has not signed. Errors: Unproven."""
        mine = [signature for key_id, signature in self.signatures if key_id == verifier.id]
        if not mine:
            raise Unproven(f"It is signed by {', '.join(self.signers)} and not by {verifier.id}.")
        if not all(verifier.is_right(each, self.text.encode()) for each in mine):
            raise Unproven(f"The signature of {verifier.id} is not of this text: it was altered, or forged.")

    @property
    def signers(self) -> list[str]:
        """Who says to have signed it."""
        return [key_id for key_id, _ in self.signatures]


def read(note: str) -> Note:
    """Text and signatures; nothing is checked but the form. Errors: Unproven."""
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or _CONTROL.search(note):
        raise Unproven("It is no signed note: a text, an empty line, and lines of signatures are.")
    return Note(f"{text}\n", tuple(map(_signature, lines.removesuffix("\n").split("\n"))))


def _signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not line.startswith(_DASH) or not NAME.fullmatch(name) or len(data) <= _ID_BYTES:
        raise Unproven(f"{line[:80]!r} is no line of a signature.")
    return f"{name}+{data[:_ID_BYTES].hex()}", data[_ID_BYTES:]
