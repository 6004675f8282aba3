"""How parent and child talk about a contract: a number of parts, and each part behind its length."""

import struct
from collections.abc import Callable, Sequence

_NUMBER = struct.Struct(">I")
MOST_PARTS, MOST_BYTES = 8, 16 * 1024 * 1024


class Broken(Exception):
    """What came is no message, or its end did not come."""


def pack(parts: Sequence[bytes]) -> bytes:
    """The bytes of a message."""
    sized = [_NUMBER.pack(len(part)) + part for part in parts]
    return _NUMBER.pack(len(parts)) + b"".join(sized)


def unpack(read: Callable[[int], bytes]) -> list[bytes] | None:
    """The parts of the next message, or None when there is none. `read(n)` gives n bytes, or fewer at the end.

    Errors: Broken.
    """
    first = read(_NUMBER.size)
    if not first:
        return None
    count = _number(first, MOST_PARTS)
    return [_part(read) for _ in range(count)]


def _part(read: Callable[[int], bytes]) -> bytes:
    size = _number(read(_NUMBER.size), MOST_BYTES)
    part = read(size) if size else b""
    if len(part) != size:
        raise Broken("the end of a message is missing")
    return part


def _number(data: bytes, most: int) -> int:
    if len(data) != _NUMBER.size:
        raise Broken("the end of a message is missing")
    number: int = _NUMBER.unpack(data)[0]
    if number > most:
        raise Broken(f"{number} is more than {most}")
    return number
