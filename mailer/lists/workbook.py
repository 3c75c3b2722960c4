"""Workbooks (.xlsx, .xls, .ods) as rows under a header."""

from __future__ import annotations

import re
import zipfile
import zlib
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from python_calamine import CalamineError, CalamineWorkbook

from mailer.errors import ImportFileError, Place, UsageError, suggest
from mailer.lists.csv_file import Record, is_title, names_addresses
from mailer.lists.workbook_looks import looks_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from python_calamine import CalamineSheet

_UNKNOWN_FORMULA = re.compile(
    rb'<c (?![^>]*t="str")[^>]*?\br="([A-Z]+[0-9]+)"[^>]*><f[^>]*(?:/>|>[^<]*</f>)(?:<v ?/>|<v></v>)?</c>'
)
_MOST_TITLES = 10
"""Rows that may stand above the headings."""


class Workbook:
    """One sheet of a workbook. The sheet is held in memory: a workbook has at most a million rows.

    Args:
        stream: the file, seekable.
        path: as the user typed it, for messages.
        sheet: name of the sheet; "" for the only one that has a column of addresses.

    Raises:
        ImportFileError: it is no workbook, or it is not certain which sheet or which rows are meant.
        UsageError: it has no sheet of that name.
    """

    encoding = "workbook"

    def __init__(self, stream: BinaryIO, path: str, sheet: str = "") -> None:
        self.path = path
        workbook = _opened(stream, path)
        self.sheet = _chosen(workbook, path, sheet)
        self._rows = workbook.get_sheet_by_name(self.sheet)
        self._header = _header_index(self._rows)
        self._merged = _merged_values(self._rows, self._header)
        above = (self._row(i) for i in range(self._header))
        self.titles = [self.sheet, *(" ".join(_texts(row)) for row in above)]
        self.header_line = self._header + 1
        self.header = _texts(self._row(self._header))
        while self.header and not self.header[-1]:
            self.header.pop()
        self._ask_about_looks(stream)

    def _row(self, index: int) -> Sequence[object]:
        return next((row for i, row in enumerate(self._rows.iter_rows()) if i == index), [])

    def _ask_about_looks(self, stream: BinaryIO) -> None:
        """Refuse rows that a person would not count: of a filter that is still on, or crossed out."""
        looks = looks_of(stream, self.sheet)
        for rows, state, remedy in (
            (looks.hidden, "hidden", "Show them (clear the filter), or delete them"),
            (looks.struck, "struck through", "Delete them, or remove the line"),
        ):
            below = [row for row in rows if row > self.header_line]
            if below:
                raise ImportFileError(
                    f"{len(below)} row{'s'[: len(below) > 1]} of people {'are' if len(below) > 1 else 'is'}"
                    f" {state}, so it is not certain that they belong to the list",
                    place=Place(self.path, below[0]),
                    hint=f"{remedy}; save the workbook, and import it again.",
                )

    def records(self) -> Iterator[Record]:
        for i, row in enumerate(self._rows.iter_rows()):
            if i > self._header:
                cells = _texts(row)
                for column, value in self._merged.get(i, {}).items():
                    cells[column] = value
                yield Record(i - self._header, i + 1, cells)


def list_sheets(stream: BinaryIO, path: str) -> list[str]:
    """The names of a workbook's sheets that are lists. Raises ImportFileError if it is none."""
    return _lists(_opened(stream, path))


def _opened(stream: BinaryIO, path: str) -> CalamineWorkbook:
    stream.seek(0)
    _refuse_formulas_without_values(stream, path)
    stream.seek(0)
    try:
        return CalamineWorkbook.from_filelike(stream)
    except CalamineError as err:
        raise ImportFileError(
            "cannot be read as a workbook",
            place=Place(path),
            hint="If it has a password, remove it; or save it as CSV UTF-8.",
        ) from err


def _refuse_formulas_without_values(stream: BinaryIO, path: str) -> None:
    """Refuse a workbook (.xlsx) whose formulas no spreadsheet has worked out: they would be blank."""
    cell = next(filter(None, map(_UNKNOWN_FORMULA.search, _sheets_as_xml(stream))), None)
    if cell:
        raise ImportFileError(
            f"the value of the formula in cell {cell[1].decode()} is not in the file",
            place=Place(path),
            hint="Open it in your spreadsheet, save it, and import it again.",
        )


def _sheets_as_xml(stream: BinaryIO) -> Iterator[bytes]:
    """The sheets of an .xlsx that have formulas; none of another or a broken file."""
    with suppress(zipfile.BadZipFile, zlib.error, RuntimeError), zipfile.ZipFile(stream) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/sheet") and b"<f" in (xml := archive.read(name)):
                yield xml


def _chosen(workbook: CalamineWorkbook, path: str, wanted: str) -> str:
    names = workbook.sheet_names
    if wanted:
        if wanted not in names:
            raise UsageError(
                f'--sheet: {path} has no sheet "{wanted}"', hint=suggest(wanted, names)
            )
        return wanted
    candidates = _lists(workbook)
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise ImportFileError(
            "is empty", place=Place(path), hint="Export the list again, with a line of headings."
        )
    shown = ", ".join(f'"{name}"' for name in candidates)
    raise ImportFileError(
        f"has several sheets: {shown}",
        place=Place(path),
        hint=f'Say which one is the list, and import them one after the other: --sheet "{candidates[0]}"',
    )


def _lists(workbook: CalamineWorkbook) -> list[str]:
    """The sheets that hold addresses; without any, those that are not empty."""
    filled = [name for name in workbook.sheet_names if workbook.get_sheet_by_name(name).height]
    lists = [name for name in filled if _has_addresses(workbook.get_sheet_by_name(name))]
    return lists or filled


def _has_addresses(sheet: CalamineSheet) -> bool:
    for i, row in enumerate(sheet.iter_rows()):
        if any("@" in str(cell) for cell in row):
            return True
        if i > 2 * _MOST_TITLES:
            break
    return False


def _header_index(sheet: CalamineSheet) -> int:
    """The row of headings: one that names addresses, else the first that is no title."""
    first = None
    for i, row in enumerate(sheet.iter_rows()):
        cells = _texts(row)
        if i == _MOST_TITLES or "@" in " ".join(cells):
            break
        if names_addresses(cells):
            return i
        if first is None and not is_title(cells):
            first = i
    return first or 0


def _merged_values(sheet: CalamineSheet, header: int) -> dict[int, dict[int, str]]:
    """What cells below the headings hold that are merged with the one above: row → column → value."""
    left = sheet.start[1] if sheet.start else 0
    ends = {
        (top, column - left): bottom
        for (top, column), (bottom, _) in sheet.merged_cell_ranges or ()
        if bottom > top > header
    }
    values: dict[int, dict[int, str]] = {}
    if not ends:
        return values
    for i, row in enumerate(sheet.iter_rows()):
        for column, cell in enumerate(_texts(row)):
            for below in range(i + 1, ends.get((i, column), i) + 1):
                values.setdefault(below, {})[column] = cell
    return values


def _texts(row: Sequence[object]) -> list[str]:
    return [cell if type(cell) is str else _text(cell) for cell in row]


def _text(cell: object) -> str:
    """A cell as a spreadsheet would write it into a CSV file, but for dates: those are ISO."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        midnight = (cell.hour, cell.minute, cell.second) == (0, 0, 0)
        return cell.date().isoformat() if midnight else cell.isoformat(" ", timespec="seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, (time, timedelta)):
        return str(cell)
    return str(cell)
