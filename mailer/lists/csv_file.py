"""CSV as spreadsheets write and read it (RFC 4180, loosely): delimiters, quotation marks, formulas."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from mailer.errors import ImportFileError, Place
from mailer.lists.encoding import SAVE_AS_CSV, encoding_of
from mailer.lists.translation import target_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DELIMITERS = ",;\t|"
_CHUNK = 1 << 18
_MAX_LINE = 1 << 20
"""Characters. A file without line ends must not be read into memory whole."""
_REMOVED = dict.fromkeys(
    [
        *range(0x20),
        *range(0x7F, 0xA0),
        *(0xAD, 0x200B, 0x2060, 0xFEFF),  # invisible: soft hyphens, spaces
        *range(0x202A, 0x202F),  # these change the direction of what follows a name
        *range(0x2066, 0x206A),
    ]
)
_KEPT_AS_SPACE = dict.fromkeys([*range(0x09, 0x0E), *range(0x1C, 0x20), 0x85], " ")
_TRANSLATION: dict[int, str | None] = {**_REMOVED, **_KEPT_AS_SPACE}
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ADDRESS_HEADING = re.compile(r"e-?mail|correo|courriel|^address$", re.IGNORECASE)
_SEPARATOR = re.compile(r'"?sep=(\\t|[,;|\t])"?', re.IGNORECASE)
_MOST_TITLES = 10
"""Rows that may stand above the headings."""
_PADDED_QUOTE = re.compile(r'"[ \t]+(?=[,;|\t\r\n]|$)')
_FORMULA = re.compile(r"['\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]")


@dataclass(slots=True)
class Record:
    """One row of cells, counted from 1 after the header, and the line of the file it begins on.

    Nobody changes one, but frozen it would take four times as long to make.
    """

    row: int
    line: int
    cells: list[str]
    problem: str = ""
    """Why the cells cannot be told apart; `cells` is then the line as it is."""


# ---------------------------------------------------------------- cells


def clean(cell: str) -> str:
    """A value on one line: control characters gone, runs of white space one space."""
    if not cell.isprintable():
        cell = cell.translate(_TRANSLATION)
    return " ".join(cell.split())


def defuse(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def undefuse(cell: str) -> str:
    """What `defuse` was given, when that was clean."""
    return cell[1:].lstrip() if cell[:1] == "'" and _FORMULA.match(cell) else cell


# ---------------------------------------------------------------- files


def is_title(cells: Sequence[str]) -> bool:
    """Whether a row stands above the headings: it has one value, and does not name addresses."""
    return sum(map(bool, map(str.strip, cells))) <= 1 and not names_addresses(cells)


def names_addresses(cells: Sequence[str]) -> bool:
    """Whether a row has a heading for addresses."""
    return any(_ADDRESS_HEADING.search(cell) or target_of(cell) == "email" for cell in cells)


class CsvFile:
    """A file of rows under a header. Reads on as its records are asked for; memory stays flat.

    Args:
        stream: the file, seekable.
        path: as the user typed it, for messages.
        encoding: as the user says; "" to recognize it.

    Raises:
        ImportFileError: here for a file that is no CSV with a header, in `records` for a quotation
            mark that is never closed.
    """

    def __init__(self, stream: BinaryIO, path: str, encoding: str = "") -> None:
        self.path = path
        self.encoding = encoding_of(stream, path, encoding)
        titles, declared = self._titles(stream)
        self._start(stream)
        self.titles = [self._read_row()[1] for _ in range(titles)]
        self.header_line, text = self._read_row()
        if not text:
            raise ImportFileError(
                "is empty",
                place=Place(self.path),
                hint="Export the list again, with a line of headings.",
            )
        self.delimiter = declared or _delimiter(text)
        self.header = _split(text, self.delimiter)

    def _start(self, stream: BinaryIO) -> None:
        stream.seek(0)
        self._lines = _Lines(stream, self.encoding, self.path)

    def _titles(self, stream: BinaryIO) -> tuple[int, str]:
        """How many rows stand above the headings, and the delimiter that one of them declares."""
        self._start(stream)
        declared = ""
        first = None
        for number in range(_MOST_TITLES):
            _, text = self._read_row()
            if number == 0 and (separator := _SEPARATOR.fullmatch(text.strip())):
                declared = separator[1].replace("\\t", "\t")
                continue
            if "@" in text:
                break
            cells = _split(text, declared or _delimiter(text))
            if names_addresses(cells):
                return number, declared
            if first is None and not is_title(cells):
                first = number
        return int(bool(declared)) if first is None else first, declared

    def _read_row(self) -> tuple[int, str]:
        """The next row that is not blank, with all of its lines, and the line it begins on."""
        for line in self._lines:
            text = line.removeprefix("\ufeff")
            if not text.strip():
                continue
            start = self._lines.number
            while text.count('"') % 2:
                following = next(iter(self._lines), "")
                if not following or len(text) > _MAX_LINE:
                    self._unclosed(start)
                text += following
            return start, text
        return self._lines.number, ""

    def records(self) -> Iterator[Record]:
        lines = self._lines
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=True)
        row = 0
        while True:
            row += 1
            line = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as err:
                if lines.ended or lines.number > line:
                    self._unclosed(line)
                cells = self._padded(lines.last)
                yield Record(
                    row, line, cells or [lines.last.rstrip("\r\n")], "" if cells else _problem(err)
                )
                continue
            if lines.number > line and self._swallowed_rows(cells):
                self._unclosed(line)
            yield Record(row, line, cells)

    def _padded(self, line: str) -> list[str]:
        """The cells of a line that has blanks after closing quotation marks; none for another."""
        tidy = _PADDED_QUOTE.sub('"', line)
        reader = csv.reader([tidy], delimiter=self.delimiter, strict=True, skipinitialspace=True)
        try:
            return next(reader, []) if tidy != line else []
        except csv.Error:
            return []

    def _swallowed_rows(self, cells: list[str]) -> bool:
        """Whether a cell of several lines holds what looks like whole rows.

        Two stray quotation marks, rows apart, would make the people between them disappear.
        """
        own = [i for i, cell in enumerate(cells) if _ADDRESS.fullmatch(cell.strip())]
        return any(
            len(parts := line.split(self.delimiter)) >= len(self.header)
            and any(_ADDRESS.fullmatch(parts[i].strip(' "')) for i in own or range(len(parts)))
            for cell in cells
            if "\n" in cell or "\r" in cell
            for line in cell.splitlines()[1:]
        )

    def _unclosed(self, line: int) -> NoReturn:
        raise ImportFileError(
            "a quotation mark that opens in this row is never closed",
            place=Place(self.path, line),
            hint='Remove the stray " in that row, or write it twice: "". If the cell is a note of several '
            "lines that reads like rows of the list, put it on one line.",
        )


class _Lines:
    """The lines of a stream, counted. It is read in pieces, and never closed."""

    def __init__(self, stream: BinaryIO, encoding: str, path: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._path = path
        self._lines = self._read()
        self.number = 0
        self.last = ""
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self._lines

    def _read(self) -> Iterator[str]:
        rest = ""
        while not self.ended:
            data = self._stream.read(_CHUNK)
            text = rest + self._decoder.decode(data, final=not data)
            # newline="" parts lines as csv expects, where splitlines() would part more
            lines = io.StringIO(text, newline="").readlines()
            # the last line may go on in the next piece, if only with the second half of CR LF
            rest = lines.pop() if data and lines else ""
            for self.last in lines:
                self.number += 1
                yield self.last
            if len(rest) > _MAX_LINE:
                raise ImportFileError(
                    "the line is over a million characters long, which no list has",
                    place=Place(self._path, self.number + 1),
                    hint=SAVE_AS_CSV,
                )
            self.ended = not data


def _split(header: str, delimiter: str) -> list[str]:
    reader = csv.reader(io.StringIO(header, newline=""), delimiter=delimiter, skipinitialspace=True)
    return next(reader, [])


def _delimiter(text: str) -> str:
    return max(DELIMITERS, key=lambda delimiter: len(_split(text, delimiter)))


def _problem(err: csv.Error) -> str:
    if "field larger" in str(err):
        return f"a value is longer than {csv.field_size_limit():,} characters"
    return "there is text after a closing quotation mark"
