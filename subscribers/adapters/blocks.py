"""Texts in which ours stand between marks: read back by subscription, and written beside what is somebody else's."""

from collections.abc import Mapping

from subscribers.adapter import MARK

_BEGIN, _END = f"# {MARK} begin ", f"# {MARK} end"


def split(text: str) -> tuple[dict[str, str], str]:
    """Ours by key, and everything else.

    A block whose end was taken away goes on to the next one of ours; two with one key are one: neither is as rendered,
    so both are repaired.
    """
    ours: dict[str, list[str]] = {}
    others: list[str] = []
    block = others
    for line in text.splitlines(keepends=True):
        if line.startswith(_BEGIN):
            block = ours.setdefault(line.removeprefix(_BEGIN).strip(), [])
        elif line.startswith(_END):
            block = others
        else:
            block.append(line if line.endswith("\n") else f"{line}\n")
    return {key: "".join(lines) for key, lines in ours.items()}, "".join(others)


def joined(ours: Mapping[str, str], others: str) -> str:
    """The text again: what is somebody else's, then ours in the order of their keys."""
    return others + "".join(f"{_BEGIN}{key}\n{text}{_END}\n" for key, text in sorted(ours.items()) if text)
