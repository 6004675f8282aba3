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
        self._take(document.root, "")

    def of(self, node: Node) -> bytes:
        """The fingerprint, or b'' when there is none."""
        return b"" if node.without else self._found.get(node.pointer, b"")

    def _take(self, value: Any, pointer: str) -> bytes:
        """As deep as a contract may be, see `reading`."""
        if isinstance(value, dict):
            parts = [(name, self._take(value[name], f"{pointer}/{escaped(name)}")) for name in sorted(value)]
            whole = all(part for _, part in parts) and not _LEADS_ELSEWHERE & value.keys()
            self._found[pointer] = _digest(
                b"{", [each for name, part in parts for each in (name.encode(), part)], whole
            )
            return self._found[pointer]
        if isinstance(value, list):
            items = [self._take(each, f"{pointer}/{number}") for number, each in enumerate(value)]
            return _digest(b"[", items, all(items))
        return _digest(b"=", [key(value).encode()], True)


def _digest(kind: bytes, parts: list[bytes], whole: bool) -> bytes:
    if not whole:
        return b""
    sized = (len(part).to_bytes(4, "big") + part for part in parts)
    return blake2b(kind + b"".join(sized), digest_size=16).digest()
