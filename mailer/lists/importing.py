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
from operator import itemgetter
from typing import TYPE_CHECKING, BinaryIO

from mailer.lists import address, zipcodes
from mailer.lists.csv_file import CsvFile, clean, undefuse
from mailer.lists.header_mapping import TARGETS, recognize
from mailer.lists.import_row import ImportRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mailer.lists.csv_file import Record
    from mailer.lists.header_mapping import Column


@dataclass(slots=True)
class AcceptedRow:
    """A row that is imported. One for each of a million, and so not frozen."""

    row: ImportRow
    warning: str = ""
    """What is odd about the ZIP code: a key of `ZIP_WARNINGS`, or ""."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is not imported. Row and line are counted from 1, rows after the header."""

    row: int
    line: int
    reason: str
    """A key of `REASONS`."""
    why: str
    cells: tuple[str, ...]
    """As they stand in the file."""


@dataclass(frozen=True, slots=True)
class SkippedRow:
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

_NOWHERE = zipcodes.ZipPlace("", "", "", "")
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
        self._sheet = CsvFile(stream, path)
        header = self._sheet.header
        self._columns = recognize(path, self._sheet.header_line, header, mapping)

    @property
    def headings(self) -> list[str]:
        return [column.heading for column in self._columns]

    def rows(self) -> Iterator[AcceptedRow | RejectedRow | SkippedRow]:
        return map(_Form(self._columns).outcome, self._sheet.records())


class _Form:
    """Reads the rows. Where in one each value stands is worked out once for all of them."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._width = len(columns)
        stands = {column.target: i for i, column in enumerate(columns)}
        self._tags = stands.get("tags")
        # what has no column is read from the blank cell that `tidy` puts behind the last
        self._own = itemgetter(*(stands.get(target, self._width) for target in TARGETS))
        self._further = [
            (i, column.field)
            for i, column in enumerate(columns)
            if column.field and column.target != "member_since"
        ]
        self._since = next((c.field for c in columns if c.target == "member_since"), "")

    def outcome(self, record: Record) -> AcceptedRow | RejectedRow | SkippedRow:
        if record.problem:
            return _reject(record, "quotes", record.problem)
        found = record.cells
        if len(found) > self._width and any(map(str.strip, found[self._width :])):
            return _reject(record, "columns", f"{len(found)} cells under {self._width} headings")
        cells = self.tidy(found)
        own = self._own(cells)
        fields = {field: value for i, field in self._further if (value := cells[i])}
        if not fields and not any(own):
            return SkippedRow(record.row, record.line)
        email, first_name, last_name, code, city, state, county, timezone, tags, since, status = own
        if status and _LEFT.match(status):
            return _reject(record, "status", f'the file says "{status}"')
        try:
            email = address.normalize(email)
        except address.BadAddressError as err:
            return _reject(record, "email", str(err))
        code, place, warning = _place(code[:_LONGEST])
        state = state or place.state
        joined = since and _date(since[:_LONGEST])
        if self._since and since and not joined:
            # a date that cannot be read is a value like any other
            fields[self._since] = since
        subscriber = ImportRow(
            record.row,
            email,
            first_name,
            last_name,
            code,
            city or place.city,
            state.upper() if len(state) == _ABBREVIATION else state,
            county or place.county,
            timezone or place.timezone,
            fields,
            _tags(tags) if tags else (),
            joined,
        )
        return AcceptedRow(subscriber, warning)

    def tidy(self, cells: list[str]) -> list[str]:
        """Each value on one line without needless blanks; as many as columns, and a blank one."""
        text = f"|{'|'.join(cells)}|"
        # most rows are tidy, and looked at as a whole that takes a tenth of the time
        if not text.isprintable() or "  " in text or "| " in text or " |" in text or "|'" in text:
            cells = [self._tidy(i, cell) for i, cell in enumerate(cells)]
        missing = self._width - len(cells)
        return [*cells, *[""] * (missing + 1)] if missing >= 0 else [*cells[: self._width], ""]

    def _tidy(self, i: int, cell: str) -> str:
        # some put each tag on a line
        return undefuse(clean(cell.replace("\n", ";") if i == self._tags else cell))


def _reject(record: Record, reason: str, why: str) -> RejectedRow:
    return RejectedRow(record.row, record.line, reason, why, tuple(record.cells))


@lru_cache(maxsize=50_000)
def _place(text: str) -> tuple[str, zipcodes.ZipPlace, str]:
    """A ZIP code repaired, what is there, and what is odd about it."""
    if not text:
        return "", _NOWHERE, ""
    code = zipcodes.repair(text)
    if not code:
        return "", _NOWHERE, "not_us"
    found = zipcodes.place(code)
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
