"""What goes to the terminal: texts that cannot drive it, tables that can be streamed, JSON lines, progress."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_WIDE = 100_000  # no table is cut when a file or another program reads it


def plain(text: str) -> str:
    """The text without what a terminal would obey: what the registry holds was written by others."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def out() -> Console:
    """The console of results."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _WIDE)


def line(text: str) -> None:
    """A line of results, at once."""
    sys.stdout.write(f"{plain(text)}\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """A line beside the results."""
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(Text(plain(text)))


def json_text(value: Message | dict[str, Any]) -> str:
    """A message or an object as one line of JSON; fields have the names of the contract, nothing in it is lost."""
    fields = MessageToDict(value, preserving_proto_field_name=True) if isinstance(value, Message) else value
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(fields, ensure_ascii=False))


def json_line(value: Message | dict[str, Any]) -> None:
    """One line of JSON as a result."""
    line(json_text(value))


def show(console: Console, drawn: RenderableType) -> None:
    """Print what rich draws; where no terminal shows it, without the spaces at the ends of lines."""
    if console.is_terminal:
        console.print(drawn)
        return
    with console.capture() as text:
        console.print(drawn)
    for each in text.get().splitlines():
        line(each.rstrip())


class Rows:
    """A table that is printed page by page; the first page decides how wide its columns are at least."""

    def __init__(self, *columns: str) -> None:
        self._columns, self._widths, self._console = columns, [len(column) for column in columns], out()
        self._first = True

    def print(self, rows: Sequence[Sequence[str | Text]]) -> None:
        """Print a page."""
        for row in rows:
            self._widths = [max(width, _width(cell)) for width, cell in zip(self._widths, row, strict=True)]
        table = Table(box=None, pad_edge=False, show_header=self._first)
        for column, width in zip(self._columns, self._widths, strict=True):
            table.add_column(column, min_width=min(width, self._console.width // 2), overflow="fold")
        for row in rows:
            table.add_row(*(cell if isinstance(cell, Text) else Text(plain(cell)) for cell in row))
        self._first = False
        show(self._console, table)


def _width(cell: str | Text) -> int:
    return max((len(part) for part in str(cell).splitlines()), default=0)


@contextmanager
def progress(text: str, total: int | None = None, *, shown: bool = True) -> Iterator[Any]:
    """A bar on stderr when that is a terminal; gives a function of (done, total)."""
    from rich.progress import Progress  # noqa: PLC0415 - most commands show none

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task(text, total=total)
        yield lambda done, whole=total: bar.update(task, completed=done, total=whole)


def tracked(items: Sequence[Any], text: str) -> Iterator[Any]:
    """The items, with a bar that moves as they are done; none for a single one."""
    if len(items) == 1:
        yield from items
        return
    with progress(text, len(items)) as show:
        for number, item in enumerate(items):
            yield item
            show(number + 1)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every single value of nested fields, with its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{number}]")
    else:
        yield path, ", ".join(value) if isinstance(value, list) else str(value)


def counted(counts: Iterable[tuple[int, str]]) -> str:
    """`2 created, 1 failed`; `nothing` for no counts."""
    return ", ".join(f"{count} {what}" for count, what in counts if count) or "nothing"
