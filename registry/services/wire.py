"""Answers put together from serialised documents, so that a read goes from row to wire without being decoded."""

from typing import Any

from google.protobuf.message import Message

_LENGTH_DELIMITED = 2


def varint(number: int) -> bytes:
    """A number in base 128, least significant first."""
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def documents(response: type[Message], found: list[bytes], rest: Message) -> bytes:
    """A response whose first message field holds the documents, with the fields of `rest`."""
    tag = varint(_document_field(response.DESCRIPTOR) << 3 | _LENGTH_DELIMITED)
    parts = [part for document in found for part in (tag, varint(len(document)), document)]
    return b"".join((*parts, rest.SerializeToString()))


def _document_field(descriptor: Any) -> int:
    return next(int(field.number) for field in descriptor.fields if field.message_type is not None)
