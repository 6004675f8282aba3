"""Fingerprints of everything in a contract: most of a new contract is the old one, and need not be compared."""

from hashlib import blake2b
from typing import Any

from registry.contracts.documents.nodes import Document, Node, escaped
from registry.contracts.documents.values import key

_LEADS_ELSEWHERE = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})


class Prints:
    """The fingerprint of each object of a document by its pointer; b'' where a reference makes it say more."""

    def __init__(self, document: Document) -> None:
        self.form = document.siblings, document.nullable
        self._found: dict[str, bytes] = {}
        if isinstance(document.root, dict | list):
            self._take(document.root, "")

    def of(self, node: Node) -> bytes:
        """The fingerprint, or b'' when there is none."""
        return b"" if node.without else self._found.get(node.pointer, b"")

    def _take(self, value: Any, pointer: str) -> bytes:
        """As deep as a contract may be, see `reading`. The first byte tells of what kind the value is."""
        if isinstance(value, dict):
            parts = [(name, self._below(value[name], pointer, name)) for name in sorted(value)]
            whole = _LEADS_ELSEWHERE.isdisjoint(value) and all(part for _, part in parts)
            found = _digest(b"{", [each for name, part in parts for each in (name.encode(), part)], whole)
            self._found[pointer] = found
            return found
        items = [self._below(each, pointer, str(number)) for number, each in enumerate(value)]
        return _digest(b"[", items, all(items))

    def _below(self, value: Any, pointer: str, step: str) -> bytes:
        if isinstance(value, dict | list):
            return self._take(value, f"{pointer}/{escaped(step)}")
        return b"=" + key(value).encode()


def _digest(kind: bytes, parts: list[bytes], whole: bool) -> bytes:
    if not whole:
        return b""
    sized = b"".join([len(part).to_bytes(4, "big") + part for part in parts])
    return kind + blake2b(sized, digest_size=16).digest()
