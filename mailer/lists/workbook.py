"""Workbooks (.xlsx, .xls, .ods) as rows under a header."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from python_calamine import CalamineError, CalamineWorkbook

from mailer.errors import ImportFileError, Place, UsageError, suggest
from mailer.lists.csv_file import Record, is_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from python_calamine import CalamineSheet

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")

_MOST_TITLES = 10
"""Rows that may stand above the headings."""


class Workbook:
    """One sheet of a workbook. The sheet is held in memory: a workbook has at most a million rows.

    Args:
        stream: the file, seekable.
        path: as the user typed it, for messages.
        sheet: name of the sheet; "" for the only one that has a column of addresses.

    Raises:
        ImportFileError: it is no workbook, or it is not certain which sheet is meant.
        UsageError: it has no sheet of that name.
    """

    encoding = "workbook"

    def __init__(self, stream: BinaryIO, path: str, sheet: str = "") -> None:
        self.path = path
        workbook = _opened(stream, path)
        self.sheet = _chosen(workbook, path, sheet)
        self._rows = workbook.get_sheet_by_name(self.sheet)
        self._header = _header_index(self._rows)
        self._first = self._rows.start[0] if self._rows.start else 0
        above = (self._row(i) for i in range(self._header))
        self.titles = [self.sheet, *(" ".join(_texts(row)) for row in above)]
        self.header_line = self._first + self._header + 1
        self.header = _texts(self._row(self._header))
        while self.header and not self.header[-1]:
            self.header.pop()

    def _row(self, index: int) -> Sequence[object]:
        return next((row for i, row in enumerate(self._rows.iter_rows()) if i == index), [])

    def records(self) -> Iterator[Record]:
        first = self._first + 1
        for i, row in enumerate(self._rows.iter_rows()):
            if i > self._header:
                yield Record(i - self._header, first + i, _texts(row))


def list_sheets(stream: BinaryIO, path: str) -> list[str]:
    """The names of a workbook's sheets that are lists. Raises ImportFileError if it is none."""
    return _lists(_opened(stream, path))


def _opened(stream: BinaryIO, path: str) -> CalamineWorkbook:
    stream.seek(0)
    try:
        return CalamineWorkbook.from_filelike(stream)
    except CalamineError as err:
        raise ImportFileError(
            "cannot be read as a workbook",
            place=Place(path),
            hint="If it has a password, remove it; or save it as CSV UTF-8.",
        ) from err


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
    """The row of headings: the first that is no title."""
    for i, row in enumerate(sheet.iter_rows()):
        cells = _texts(row)
        if i == _MOST_TITLES or "@" in " ".join(cells):
            break
        if not is_title(cells):
            return i
    return 0


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
