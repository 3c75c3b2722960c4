"""A file of subscribers, as an office exports it → one outcome for each of its rows.

Pure: bytes in, rows out, as a stream. What the store does with them is `store.imports.import_rows`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, BinaryIO

from mailer.lists import address, places, zipcodes
from mailer.lists.csv_file import clean, undefuse
from mailer.lists.dates import iso_moment
from mailer.lists.header_mapping import EXPORTED, is_address_heading, recognize
from mailer.lists.import_row import ImportRow, standing_of_departure, standing_of_export
from mailer.lists.leaving import Departures, standing_of_file
from mailer.lists.leaving_columns import is_other_channel
from mailer.lists.leaving_elsewhere import mentions_leaving, says_left
from mailer.lists.names import is_damaged, is_mendable, mend, split_name
from mailer.lists.standing import standing_of
from mailer.lists.subscriber import COLUMNS
from mailer.lists.table import open_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mailer.lists.csv_file import Record
    from mailer.lists.header_mapping import Column
    from mailer.lists.import_row import ImportedStanding
    from mailer.lists.standing import Standing


@dataclass(slots=True)
class AcceptedRow:
    """A row that is imported. One for each of a million, and so not frozen."""

    row: ImportRow
    warning: str = ""
    """What is odd about the row: a key of `WARNINGS`, or ""."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is not imported. Row and line are counted from 1, rows after the header."""

    row: int
    line: int
    reason: str
    """A key of `REASONS`."""
    why: str
    cells: tuple[str, ...]
    """Cells as they stand in the file."""


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A blank line."""

    row: int
    line: int


REASONS = {
    "email": "no usable e-mail address",
    "columns": "more cells than headings",
    "quotes": "stray quotation marks",
}
WARNINGS = {
    "not_us": "ZIP code left blank: not a US one",
    "unknown": "ZIP code kept: there is no such one",
    "abroad": "live abroad: no US state or ZIP code",
    "timezone": "time zone left out: programs cannot use it",
    "unsplit": "full name kept as it is: first and last name are not certain",
    "damaged": "a name with damaged letters (Mar?a)",
}

_OWN = (*COLUMNS, "full_name", "country", "tags", "member_since")
_NAMES = {"first_name", "last_name", "full_name", "city", "state", "county", "tags"}
_ABBREVIATION = 2
_NOWHERE = zipcodes.ZipPlace("", "", "", "")
_LONGEST = 60
"""Characters of a ZIP code: no cache of them grows with what a file holds."""
_MOST_ORDINARY = 50_000
_NULLS = frozenset(
    [
        *(
            "\\N",
            "NULL",
            "null",
            "(null)",
            "<null>",
            "[null]",
            "(NULL)",
            "nan",
            "NaN",
            "NAN",
            "#N/A",
        ),
        *("#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "N/A", "n/a", "#n/a", "<NA>"),
        *("(blank)", "NaT", "#ERROR!", "#NAME", "undefined", "--", "\u2013", "\u2014", "n.a."),
        *("0000-00-00", "0000-00-00 00:00:00"),
    ]
)
"""What programs write for a cell that is blank. "Null" is a family name."""


class SubscriberFile:
    """The rows of a file, read as they are asked for; memory stays flat.

    Args:
        stream: the file, seekable.
        path: as the user typed it, for messages.
        mapping: `COLUMN=FIELD` for headings that are not recognized.
        statuses: from `--status`: word of a status column → standing.
        ignored: headings of columns that say nothing about who may be mailed.
        everybody: the standing of all people of the file, when it is a list of such people.
        encoding: of a CSV file; "" to recognize it.
        sheet: of a workbook; "" for the only one with addresses.
        asks: whether the file is refused where it is not certain who of it left.

    Raises:
        ImportFileError: the file cannot be read at all, or it is not certain who of it left; also
            in the middle and at the end of `rows`.
    """

    def __init__(
        self,
        stream: BinaryIO,
        path: str,
        mapping: Sequence[str] = (),
        *,
        statuses: Mapping[str, Standing] | None = None,
        ignored: Sequence[str] = (),
        everybody: Standing | None = None,
        encoding: str = "",
        sheet: str = "",
        asks: bool = True,
    ) -> None:
        self._table = open_table(stream, path, encoding=encoding, sheet=sheet)
        header = self._table.header
        line = self._table.header_line
        self.columns, self.system, ignored_columns = recognize(path, line, header, mapping, ignored)
        quiet = ignored_columns | {
            i
            for i, column in enumerate(self.columns)
            if is_other_channel(column.heading)
            # a known system says elsewhere who left
            or (self.system and column.target == "member_since")
        }
        self._departures = Departures(self.columns, statuses or {}, everybody, quiet, asks)

    @property
    def encoding(self) -> str:
        return self._table.encoding

    @property
    def says_who_left(self) -> bool:
        """Whether its columns say who left, so that its name need not."""
        departures = self._departures
        return departures.tells_apart or (departures.says_who_left and not self.system)

    @property
    def called(self) -> Standing | None:
        """The standing of everybody, by what the file, its sheet or its title is called."""
        return standing_of_file(self._table.path, self._table.titles)

    @property
    def headings(self) -> list[str]:
        return [column.heading for column in self.columns]

    def rows(self) -> Iterator[AcceptedRow | RejectedRow | SkippedRow]:
        yield from map(_Form(self.columns, self._departures).outcome, self._table.records())
        table = self._table
        self._departures.check(table.path, table.header_line, table.titles)


class _Form:
    """Reads the rows. Where in one each value stands is worked out once for all of them."""

    def __init__(self, columns: Sequence[Column], departures: Departures) -> None:
        self._width = len(columns)
        self._departures = departures
        stands = {column.target: i for i, column in enumerate(columns)}
        self._columns = {column.target: column for column in columns}
        self._places = stands
        self._tags = stands.get("tags")
        codes = {stands["email"], stands.get("zip")}
        # the blank cell twice, so that there are always several
        texts = [i for i in range(self._width) if i not in codes]
        self._texts = itemgetter(*texts, self._width, self._width)
        self._headings = [column.heading for column in columns]
        self._title: tuple[int, str] | None = None
        self._ordinary: set[str] = set()
        """Values that stand for no blank, mention no departure, and have no damaged letters."""
        # what has no column is read from the blank cell that `tidy` puts behind the last
        self._own = itemgetter(*(stands.get(target, self._width) for target in _OWN))
        self._exported = itemgetter(*(stands.get(target, self._width) for target in EXPORTED))
        # what this program wrote is taken as it is
        self._is_export = any(target in stands for target in EXPORTED)
        self._says_more = self._is_export or departures.speaks
        names = set() if self._is_export else _NAMES
        self._names = {i for i, column in enumerate(columns) if column.target in names}
        self._further = [
            (i, column.field)
            for i, column in enumerate(columns)
            if column.field and column.target in {"", "country"}
        ]

    def outcome(self, record: Record) -> AcceptedRow | RejectedRow | SkippedRow:
        if record.problem:
            self._departures.note_rejected(record.line, _loose_cells(record.cells))
            return _reject(record, "quotes", record.problem)
        raw = record.cells
        if len(raw) > self._width and any(map(str.strip, raw[self._width :])):
            self._departures.note_rejected(record.line, [clean(cell) for cell in raw])
            return _reject(record, "columns", f"{len(raw)} cells under {self._width} headings")
        cells = self.tidy(raw)
        mentioned = False
        is_ordinary = self._ordinary.issuperset(self._texts(cells))
        if not is_ordinary and not self._is_export:
            cells, mentioned = self._second_look(cells)
        own = self._own(cells)
        fields = {field: value for i, field in self._further if (value := cells[i])}
        if not fields and not any(own):
            return SkippedRow(record.row, record.line)
        try:
            email = _address(own[0])
        except address.BadAddressError as err:
            return self._without_address(record, cells[: self._width], own[0], str(err))
        if email != own[0].lower() and says_left(own[0]):  # DO NOT EMAIL <ana@example.org>
            mentioned = True
        row, warning = self._details(record.row, email, own, fields)
        if not is_ordinary and (is_damaged(row.first_name) or is_damaged(row.last_name)):
            warning = "damaged"
        if mentioned or self._says_more or len(row.state) > _ABBREVIATION:
            standing = self._standing(cells, row, mentioned=mentioned)
            row = row._replace(standing=standing) if standing else row
        if self._title and row.standing is None:
            self._departures.note_part(*self._title)
        return AcceptedRow(row, warning)

    def _without_address(
        self, record: Record, cells: list[str], address_cell: str, why: str
    ) -> RejectedRow | SkippedRow:
        """A row that is no person: headings once more, a title, a total, or a slip."""
        if cells == self._headings:
            return SkippedRow(record.row, record.line)
        values = [cell for cell in cells if cell]
        if is_address_heading(address_cell) and len(values) > 1:
            self._departures.note_part(record.line, ", ".join(values))
        elif len(values) == 1 and standing_of_file("", values):
            self._title = record.line, values[0]
        self._departures.note_rejected(record.line, [*cells, *_loose_cells([address_cell])])
        return _reject(record, "email", why)

    def _second_look(self, cells: list[str]) -> tuple[list[str], bool]:
        """The cells without what stands for blank, and whether one may say that a person left.

        Nearly all values come again and again, so that this is for the others.
        """
        new = [cell for cell in self._texts(cells) if cell not in self._ordinary]
        mentioned = mentions_leaving("|".join(new).lower())
        if not _NULLS.isdisjoint(new):
            return ["" if cell in _NULLS else cell for cell in cells], mentioned
        if len(self._ordinary) < _MOST_ORDINARY and not mentioned and not any(map(is_damaged, new)):
            self._ordinary.update(new)
        return cells, mentioned

    def _details(
        self, number: int, email: str, own: tuple[str, ...], fields: dict[str, str]
    ) -> tuple[ImportRow, str]:
        """A person's details, and what is odd about them: a key of `WARNINGS`, or ""."""
        _, first_name, last_name, code, city, state, county, zone, name, country, tags, since = own
        warning = ""
        if name:
            first_name, last_name = split_name(name)
            if not first_name:
                warning = "unsplit" if " " in name else ""
                fields[self._columns["full_name"].field] = name
        if country and places.is_abroad(country):
            # kept, but not as American ones
            self._keep(fields, zip=code, state=state, county=county)
            code, state, county, place, warning = "", "", "", _NOWHERE, "abroad"
        else:
            code, place, zip_warning = _place(code[:_LONGEST])
            place = _NOWHERE if self._is_export else place
            warning = zip_warning or warning
            state = places.state(state) if state else place.state
        if zone and not places.zone(zone):
            self._keep(fields, timezone=zone)
            warning = warning or ("" if place.timezone else "timezone")
            zone = ""
        joined = since and iso_moment(since)
        if since and not joined:
            # a date that cannot be read is a value like any other
            self._keep(fields, member_since=since)
        row = ImportRow(
            number,
            email,
            first_name,
            last_name,
            code,
            city or place.city,
            state,
            county or place.county,
            zone or place.timezone,
            fields,
            _tags(tags) if tags else (),
            joined,
        )
        return row, warning

    def _keep(self, fields: dict[str, str], **values: str) -> None:
        """Keep values as further fields that cannot be what their columns are for."""
        for target, value in values.items():
            if value:
                fields[self._columns[target].field or f"other_{target}"] = value

    def _standing(
        self, cells: list[str], row: ImportRow, *, mentioned: bool
    ) -> ImportedStanding | None:
        departures = self._departures
        left = departures.read(cells) if departures.speaks else None
        if left is None and (mentioned or _is_status(row.state)):
            left = departures.read_elsewhere(self._values_about_leaving(cells, row))
        if self._is_export:
            return standing_of_export(left, row.joined, *self._exported(cells))
        return standing_of_departure(left) if left else None

    def _values_about_leaving(
        self, cells: Sequence[str], row: ImportRow
    ) -> Iterator[tuple[int, str]]:
        is_status = _is_status(row.state)
        for i, cell in enumerate(cells):
            if is_status and i == self._places["state"]:
                yield i, row.state
            elif i == self._tags:
                yield from ((i, tag) for tag in row.tags if says_left(tag))
            elif says_left(cell):
                yield i, cell

    def tidy(self, cells: list[str]) -> list[str]:
        """Each value on one line without needless blanks; as many as columns, and a blank one."""
        text = f"|{'|'.join(cells)}|"
        # most rows are tidy, and looked at as a whole that takes a tenth of the time
        if (
            not text.isprintable()
            or "  " in text
            or "| " in text
            or " |" in text
            or "|'" in text
            or (("&" in text or not text.isascii()) and is_mendable(text))
        ):
            cells = [self._tidy(i, cell) for i, cell in enumerate(cells)]
        missing = self._width - len(cells)
        if not missing:
            return [*cells, ""]
        return [*cells, *[""] * (missing + 1)] if missing > 0 else [*cells[: self._width], ""]

    def _tidy(self, i: int, cell: str) -> str:
        # some put each tag on a line
        if i == self._tags:
            cell = cell.replace("\n", ";")
        return undefuse(clean(mend(cell) if i in self._names else cell))


@lru_cache(maxsize=1_000)
def _is_status(state: str) -> bool:
    """Whether a column called "state" holds a status, as some systems call it: active, cancelled."""
    return len(state) > _ABBREVIATION and standing_of(state) is not None


def _loose_cells(line: Sequence[str]) -> list[str]:
    """The cells of a line whose quotation marks do not match, as far as they can be told apart."""
    return [clean(part.strip(' "')) for part in re.split("[,;\t|]", " ".join(line))]


def _reject(record: Record, reason: str, why: str) -> RejectedRow:
    return RejectedRow(record.row, record.line, reason, why, tuple(record.cells))


@lru_cache(maxsize=50_000)
def _place(text: str) -> tuple[str, zipcodes.ZipPlace, str]:
    """A ZIP code repaired, what is there, and what is odd about it."""
    if not text or text in _NULLS:
        return "", _NOWHERE, ""
    code = zipcodes.repair(text)
    if not code:
        return "", _NOWHERE, "not_us"
    place = zipcodes.place(code)
    return code, place or _NOWHERE, "" if place else "unknown"


_QUOTES = "\"'\u201c\u201d\u2018\u2019\u201e\u00ab\u00bb"
_ALONE = re.compile(
    rf"(?:.*[(<\[:{_QUOTES}]\s*)?"
    rf"([^\s@()<>\[\]:;,/{_QUOTES}]+@[^\s@()<>\[\]:;,?*/{_QUOTES}]+)"
    rf"(?:[)>\];,/{_QUOTES}\s]*|\?subject=.*)"
)
"""One address, perhaps behind a name or `mailto:`, and in brackets or quotation marks."""
_UNSEEN = {ord(char): None for char in "\u200c\u200d\u200e\u200f"}


def _address(text: str) -> str:
    """The address of a cell, with what is certain not to belong to it taken off.

    Raises:
        BadAddressError: there is none, or several.
    """
    try:
        # most cells hold an address and nothing else
        is_alone = ":" not in text and ">" not in text
        return address.normalize(text if is_alone else _first_address(text))
    except address.BadAddressError:
        if text.count("@") > 1 and re.search(r"@.*[\s;,|/].*@", text):
            raise address.BadAddressError("several addresses: give each a row of its own") from None
        plain = unicodedata.normalize("NFKC", text).translate(_UNSEEN).strip()
        alone = _ALONE.fullmatch(plain)
        if alone is None or alone[1] == text:
            raise
        return address.normalize(alone[1])


def _first_address(text: str) -> str:
    """The address in `Ana Fern <ana@example.org>`, or the first of several (Google Contacts)."""
    first = text.split(":::", maxsplit=1)[0].strip()
    return first[first.rindex("<") + 1 : -1] if first[-1:] == ">" and "<" in first else first


@lru_cache(maxsize=500)
def _tags(text: str) -> tuple[str, ...]:
    """Tags in alphabetical order. Some services put each of them in quotation marks."""
    tags = (part.strip(' "') for part in re.split(":::|[,;|]", text))
    # Google Contacts marks its own groups: "* myContacts"
    return tuple(sorted({tag for tag in tags if tag and not tag.startswith("* ")}))
