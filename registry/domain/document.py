"""What holds for every resource: sizes of texts and maps, no personal numbers, and the noun's own rules on top."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar

from google.protobuf.message import Message

from registry.domain import limits
from registry.domain.nouns import NOUNS
from registry.domain.organisation_number import contains_personal_number
from registry.domain.rules import Lookup, Rules
from registry.domain.violations import Violations
from registry.errors import TooLarge

M = TypeVar("M", bound=Message)
# Made by machines and checked for their form: chance gives one in some ten thousand the look of a personal number.
_MADE = frozenset({"uid", "etag", "sha256", "trace_id", "signature"})
_SIX_DIGITS = re.compile(r"\d{6}")
_DIGITS_AS_ZERO = bytes(ord("0") if byte in b"0123456789" else ord(" ") for byte in range(256))
_LABEL_KEY = re.compile(r"[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?")


def check(rules: Rules[M], message: M) -> None:
    """Refuse a message that is wrong in itself, with everything that is wrong. Fills the noun's defaults first."""
    rules.complete(message)
    found = Violations()
    _texts(message, found)
    _maps(message, found)
    rules.check(message, found)
    found.refuse()


def fits(rules: Rules[M], after: M, before: M | None, lookup: Lookup, promised: frozenset[str] = frozenset()) -> None:
    """Refuse a message that does not fit what there is: references, immutable fields, the noun's own rules.

    What is `promised` comes later in the same request, and counts as being there.
    """
    found = Violations()
    for reference in rules.references(after):
        if reference.name in promised:
            continue
        _exists(reference.field, reference.noun, reference.name, lookup, found)
    if before is not None:
        for field in rules.immutable:
            if getattr(before, field) != getattr(after, field):
                found.add(field, "cannot change after creation: make a new resource", "FIELD_IMMUTABLE")
    rules.fits(after, before, lookup, found)
    found.refuse()


def _exists(field: str, noun: str, name: str, lookup: Lookup, found: Violations) -> None:
    kind = NOUNS[noun].kind
    # Systems of a host are used by those who do not see them; of others, what is hidden is as good as missing.
    if (lookup.get(kind, name) if noun == "system" else lookup.shown(kind, name)) is None:
        found.add(field, f"names {name}, which does not exist", "REFERENCE_NOT_FOUND", name=name)


def _texts(message: Message, found: Violations) -> None:
    data = message.SerializeToString()
    if len(data) <= limits.TEXT_BYTES and b"000000" not in data.translate(_DIGITS_AS_ZERO):
        return  # no text of it can be too long or hold a personal number: most messages need no walk
    for path, text in strings(message):
        if len(text) > limits.TEXT_BYTES // 4:
            limits.at_most(f"{path} bytes", len(text.encode()), limits.TEXT_BYTES)
        if _SIX_DIGITS.search(text) and contains_personal_number(text):
            found.add(
                path, "has what looks like a personal identity number; the registry keeps none", "PERSONAL_DATA_REFUSED"
            )


def strings(message: Message, above: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a message with the path of its field, but for what machines made."""
    for field, value in message.ListFields():
        path = f"{above}{field.name}"
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            for key, text in value.items():
                yield path, key
                yield f"{path}.{key}"[:100], text
        elif field.type == field.TYPE_STRING and field.name not in _MADE:
            yield from ((path, text) for text in (value if field.is_repeated else [value]))
        elif field.message_type is not None:
            for part in value if field.is_repeated else [value]:
                yield from strings(part, f"{path}.")


def _maps(message: Any, found: Violations) -> None:
    limits.at_most("labels", len(message.labels), limits.LABELS)
    limits.at_most("annotations", len(message.annotations), limits.ANNOTATIONS)
    for key, value in message.labels.items():
        if not _LABEL_KEY.fullmatch(key):
            found.add("labels", "must have keys of lower-case letters, digits and . _ / -, at most 63 characters")
        _take(found, "labels", f"label {key[:63]} characters", len(value), limits.LABEL_CHARACTERS)
    for key, value in message.annotations.items():
        _take(found, "annotations", "annotation key characters", len(key), limits.ANNOTATION_KEY_CHARACTERS)
        _take(found, "annotations", f"annotation {key[:63]} bytes", len(value.encode()), limits.ANNOTATION_BYTES)


def _take(found: Violations, field: str, limit: str, actual: int, maximum: int) -> None:
    try:
        limits.at_most(limit, actual, maximum)
    except TooLarge as error:
        found.take(field, error)
