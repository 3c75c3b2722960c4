"""A file of any format as rows under a header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.lists.csv_file import CsvFile
from mailer.lists.workbook import Workbook, list_sheets

if TYPE_CHECKING:
    from typing import BinaryIO

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How zipped (.xlsx, .ods) and old (.xls) workbooks begin."""


def open_table(
    stream: BinaryIO, path: str, *, encoding: str = "", sheet: str = ""
) -> CsvFile | Workbook:
    """Open a CSV file or a workbook; the content tells which, not the name.

    Args:
        stream: the file, seekable.
        path: as the user typed it, for messages.
        encoding: of a CSV file; "" to recognize it.
        sheet: of a workbook; "" for the only one with addresses.

    Raises:
        ImportFileError: the file cannot be read.
    """
    if _is_workbook(stream):
        return Workbook(stream, path, sheet)
    return CsvFile(stream, path, encoding)


def sheet_names(stream: BinaryIO, path: str) -> list[str]:
    """The sheets of a workbook that are lists; [""] for a CSV file, which has none.

    Raises:
        ImportFileError: the workbook cannot be read.
    """
    return list_sheets(stream, path) if _is_workbook(stream) else [""]


def _is_workbook(stream: BinaryIO) -> bool:
    stream.seek(0)
    return stream.read(4) in _WORKBOOKS
