"""US ZIP codes: what spreadsheets do to them, undone, and the place each one stands for.

Places come from the `zipcodes` package, by a table that was made of it.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ZipPlace:
    city: str
    state: str
    """Two letters, as the Postal Service writes it."""
    county: str
    timezone: str
    """IANA name, "" for military addresses."""


# A leading apostrophe or ="…" is how spreadsheets mark text; .0 is a number that was a float.
_WRITTEN = re.compile(
    r"""(?:=?"|')?  ([0-9]{3,5})  (?:\.0+ | \s*[-\u2010-\u2015]\s*[0-9]{0,4} | \s[0-9]{4})?  "?""",
    re.VERBOSE,
)
_ZIP_PLUS_4 = re.compile(r"[0-9]{7,9}")


def repair(text: str) -> str:
    """The five digits of a ZIP code however it was mangled, "" when it is none.

    `2139` → `02139`, `501` → `00501`, `97212-1234`, `97212.0` and `972121234` → `97212`.
    """
    text = text.strip()
    if written := _WRITTEN.fullmatch(text):
        return written[1].zfill(5)
    if _ZIP_PLUS_4.fullmatch(text):
        return text.zfill(9)[:5]
    return ""


def place(code: str) -> ZipPlace | None:
    """Where a five-digit ZIP code is; None when there is no such code."""
    return _place(_number(code)) if _CODE.fullmatch(code) else None


def _number(code: str) -> int:
    """The number of its place, from 1; 0 when there is no such code."""
    number: int
    (number,) = _CELL.unpack_from(_table(), HEADER.size + int(code) * _CELL.size)
    return number


@lru_cache(maxsize=50_000)
def _place(number: int) -> ZipPlace | None:
    if not number:
        return None
    first = HEADER.size + CODES * _CELL.size
    return ZipPlace(*map(_name, _PLACE.unpack_from(_table(), first + (number - 1) * _PLACE.size)))


@lru_cache(maxsize=50_000)
def _name(number: int) -> str:
    """One of the names in the table: most of a place's four are those of other places, too."""
    table = _table()
    places, names = HEADER.unpack_from(table)
    ends = HEADER.size + CODES * _CELL.size + places * _PLACE.size
    text = ends + (names + 1) * _END.size
    begin, end = _ENDS.unpack_from(table, ends + number * _END.size)
    return table[text + begin : text + end].decode()


@cache
def _table() -> bytes:
    return TABLE.read_bytes()


TABLE = Path(__file__).parent / "data" / "zip-codes.bin"
"""Made by tools/zip_codes.py, little-endian, and read in place: the package's own table takes 0.3 s to load.

HEADER, how many places and names there are; for each code from 00000 to 99999 the number of its place,
0 for none; for each place the numbers of its four names; where each name begins; the names, UTF-8.
"""
CODES = 100_000
HEADER = struct.Struct("<2I")
_CODE = re.compile(r"[0-9]{5}")
_CELL = struct.Struct("<H")
_PLACE = struct.Struct("<4H")
_END = struct.Struct("<I")
_ENDS = struct.Struct("<2I")
