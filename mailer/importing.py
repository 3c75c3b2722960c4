"""A file of subscribers, as an office exports it → one outcome for each of its rows.

Pure: bytes in, rows out, as a stream. What the store does with them is `store.base.import_rows`.
"""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from mailer import address, geography
from mailer.columns import recognize
from mailer.spreadsheet import Sheet, clean, undefuse
from mailer.store.base import ImportRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mailer.columns import Column
    from mailer.spreadsheet import Record


class Accepted(NamedTuple):
    row: ImportRow
    warning: str = ""
    """What is odd about the ZIP code: a key of `ZIP_WARNINGS`, or ""."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is not imported. Row and line are counted from 1, rows after the header."""

    row: int
    line: int
    reason: str
    """A key of `REASONS`."""
    why: str
    cells: tuple[str, ...]
    """As they stand in the file."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A blank line."""

    row: int
    line: int


REASONS = {
    "email": "no usable e-mail address",
    "columns": "more cells than headings",
    "quotes": "stray quotation marks",
    "status": "the file says they left",
}
ZIP_WARNINGS = {
    "not_us": "ZIP code left blank: not a US one",
    "unknown": "ZIP code kept: there is no such one",
}

_NOWHERE = geography.Place("", "", "", "")
_ABBREVIATION = 2
# Words of the common mail services for somebody who must not be mailed.
_LEFT = re.compile(
    r"unsubscribed?\b|suppressed\b|bounced?\b|hard.?bounced?\b|cleaned\b|compla|spam|opted.?out\b"
    r"|opt.?out\b|removed\b|erased\b|do.?not.?(e-?)?mail",
    re.IGNORECASE,
)
# With slashes the month comes first, as in the US.
_DATE_FORMATS = (
    *("%m/%d/%Y", "%m/%d/%y", "%d/%m/%Y", "%Y/%m/%d", "%m-%d-%Y", "%d.%m.%Y"),
    *("%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y"),
)
_LONGEST = 60
"""Characters of a ZIP code or date: no cache of them grows with what a file holds."""
_FIRST_YEAR = 1900
"""Before it, a date is a slip of the keyboard."""
_TIME_OF_DAY = re.compile(r"[T ]+[0-9]{1,2}:[0-9]{2}.*")


class SubscriberFile:
    """The rows of a file, read as they are asked for; memory stays flat.

    Args:
        stream: the file, seekable.
        path: as the user typed it, for messages.
        mapping: `COLUMN=FIELD` for headings that are not recognised.

    Raises:
        ImportFileError: the file cannot be read at all; also in the middle of `rows`.
    """

    def __init__(self, stream: BinaryIO, path: str, mapping: Sequence[str] = ()) -> None:
        self._sheet = Sheet(stream, path)
        header = self._sheet.header
        self._columns = recognize(path, self._sheet.header_line, header, mapping)

    @property
    def headings(self) -> list[str]:
        return [column.heading for column in self._columns]

    def rows(self) -> Iterator[Accepted | Rejected | Skipped]:
        for record in self._sheet.records():
            yield _outcome(record, self._columns)


def _outcome(record: Record, columns: Sequence[Column]) -> Accepted | Rejected | Skipped:
    if record.problem:
        return _reject(record, "quotes", record.problem)
    if len(record.cells) > len(columns) and any(map(str.strip, record.cells[len(columns) :])):
        return _reject(
            record, "columns", f"{len(record.cells)} cells under {len(columns)} headings"
        )
    own, fields = _values(record, columns)
    if not own and not fields:
        return Skipped(record.row, record.line)
    if "list_status" in own and _LEFT.match(own["list_status"]):
        return _reject(record, "status", f'the file says "{own["list_status"]}"')
    try:
        email = address.normalize(own.get("email", ""))
    except address.BadAddressError as err:
        return _reject(record, "email", str(err))
    code, found, warning = _place(own.get("zip", "")[:_LONGEST])
    state = own.get("state") or found.state
    row = ImportRow(
        record.row,
        email,
        own.get("first_name", ""),
        own.get("last_name", ""),
        code,
        own.get("city") or found.city,
        state.upper() if len(state) == _ABBREVIATION else state,
        own.get("county") or found.county,
        own.get("timezone") or found.timezone,
        fields,
        _tags(own["tags"]) if "tags" in own else (),
        _date(own["member_since"][:_LONGEST]) if "member_since" in own else "",
    )
    return Accepted(row, warning)


def _reject(record: Record, reason: str, why: str) -> Rejected:
    return Rejected(record.row, record.line, reason, why, tuple(record.cells))


def _values(record: Record, columns: Sequence[Column]) -> tuple[dict[str, str], dict[str, str]]:
    """The values that are not blank: the subscriber's own, and the further fields."""
    own: dict[str, str] = {}
    fields: dict[str, str] = {}
    for (_, target, field), cell in zip(columns, record.cells, strict=False):
        if not cell:
            continue
        value = cell
        # most cells are one clean word; to call a function for each takes a tenth of an import
        if " " in cell or not cell.isprintable():
            # some put each tag on a line
            value = clean(cell.replace("\n", ";") if target == "tags" else cell)
            if not value:
                continue
        if value[0] == "'":
            value = undefuse(value)
        if target:
            own[target] = value
        if field and not (target == "member_since" and _date(value[:_LONGEST])):
            fields[field] = value
    return own, fields


@lru_cache(maxsize=50_000)
def _place(text: str) -> tuple[str, geography.Place, str]:
    """A ZIP code repaired, what is there, and what is odd about it."""
    if not text:
        return "", _NOWHERE, ""
    code = geography.repair(text)
    if not code:
        return "", _NOWHERE, "not_us"
    found = geography.place(code)
    return code, found or _NOWHERE, "" if found else "unknown"


@lru_cache(maxsize=500)
def _tags(text: str) -> tuple[str, ...]:
    """Tags in alphabetical order. Some services put each of them in quotation marks."""
    return tuple(sorted({tag for part in re.split("[,;|]", text) if (tag := part.strip(' "'))}))


@lru_cache(maxsize=20_000)
def _date(text: str) -> str:
    """The day as an ISO date, "" for what is no date."""
    day = _TIME_OF_DAY.sub("", text)
    for form in ("%Y-%m-%d", "%Y%m%d", *_DATE_FORMATS):
        with suppress(ValueError):
            found = date(*time.strptime(day, form)[:3])
            return found.isoformat() if found.year >= _FIRST_YEAR else ""
    return ""
