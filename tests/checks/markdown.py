"""The parts of a Markdown document that name something: links, inline code, fenced code, headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)")
_FENCE = re.compile(r" *(```+|~~~+)(.*)")
_HEADING = re.compile(r"#{1,6} +(.+?) *#*")


@dataclass(frozen=True, slots=True)
class Part:
    """`form` is `link`, `span`, `line` (of fenced code) or `heading`."""

    form: str
    text: str
    line: int


def parts(text: str) -> Iterator[Part]:
    """Every part, in order. Continued lines of fenced code come as one."""
    fence, kept = "", ""
    for number, line in enumerate(text.splitlines(), start=1):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif fence and line.endswith("\\"):
            kept += line.removesuffix("\\") + " "
        elif fence:
            yield Part("line", kept + line, number)
            kept = ""
        else:
            yield from _prose(line, number)


def _prose(line: str, number: int) -> Iterator[Part]:
    if heading := _HEADING.fullmatch(line):
        yield Part("heading", heading[1], number)
    yield from (Part("span", match[2].strip(), number) for match in _SPAN.finditer(line))
    bare = _SPAN.sub("``", line)
    yield from (Part("link", match[1], number) for match in _LINK.finditer(bare))


def anchor(heading: str) -> str:
    """The fragment that a heading is reached by."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.strip().replace(" ", "-")
