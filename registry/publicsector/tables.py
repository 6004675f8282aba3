"""Tables of organisations as files: rows with their places, from a folder of the user's or from the ones kept here."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.domain.organisation_number import contains_personal_number
from registry.domain.problem import Place, Problem, quoted

OWN = Path(__file__).parent / "data"
MUNICIPALITIES, REGIONS, STATE = "kommuner.csv", "regioner.csv", "statliga_organisationer.csv"
COUNTIES, CORRECTIONS = "lan.csv", "rattelser.csv"
# A table of one's own has the first name; what is kept here is a sample.
POPULATIONS = ("kommuner_folkmangd.csv", "kommuner_folkmangd_sample.csv")
IMPORTED = (MUNICIPALITIES, REGIONS, STATE)


class Refused(Exception):
    """A row that is not taken; the message says why, and never holds a personal number."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row by column."""

    place: Place
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


class Tables:
    """The tables of a folder. Notes what cannot be read."""

    def __init__(self, folder: Path | None, problems: list[Problem]) -> None:
        self._folder, self.problems = folder or OWN, problems

    def given(self) -> list[str]:
        """Which of the imported tables the folder has."""
        return [name for name in IMPORTED if (self._folder / name).is_file()]

    def rows(self, name: str, *columns: str) -> Iterator[Row]:
        """The rows of a table of the folder; none when it is not there."""
        if (self._folder / name).is_file():
            yield from self._read(self._folder / name, columns)

    def reference(self, names: Iterable[str], *columns: str) -> Iterator[Row]:
        """The rows of the first table that there is, in the folder or else among those kept here."""
        paths = [folder / name for folder in (self._folder, OWN) for name in names]
        yield from self._read(next(path for path in paths if path.is_file()), columns)

    def note(self, row: Row, what: object) -> None:
        """Note a row that is not taken."""
        self.problems.append(Problem(row.place, str(what)))

    def _read(self, path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
        shown = path.name if path.parent == OWN else str(path)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            self.problems.append(Problem(Place(shown), "The table cannot be read as UTF-8; nothing of it is taken."))
            return
        reader = csv.reader(io.StringIO(text, newline=""))
        header = next(reader, [])
        if missing := [column for column in columns if column not in header]:
            have = f"it has {quoted(','.join(header))}; columns are separated by commas"
            wrong = f"The table has no column {missing[0]} ({have}); nothing of it is taken."
            self.problems.append(Problem(Place(shown, 1), wrong))
            return
        yield from self._rows(shown, header, reader)

    def _rows(self, file: str, header: list[str], reader: Iterator[list[str]]) -> Iterator[Row]:
        line = 2
        for cells in reader:
            row = Row(Place(file, line), dict(zip(header, (cell.strip() for cell in cells), strict=False)))
            line = reader.line_num + 1  # type: ignore[attr-defined]
            if not cells:
                continue
            persons = [column for column, cell in row.cells.items() if contains_personal_number(cell)]
            if persons:
                self.note(row, f"{persons[0]} has what looks like a personal identity number; the registry keeps none.")
            elif len(cells) != len(header):
                self.note(row, f"The row has {len(cells)} cells, and the header has {len(header)}.")
            else:
                yield row


def number(row: Row, column: str) -> float:
    """A number that is not negative; 0 for an empty cell. Errors: Refused."""
    try:
        value = float(row[column] or 0)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise Refused(f"{column} must be a number that is not negative, and not {quoted(row[column])}.")
    return value
