"""US ZIP codes: what spreadsheets do to them, undone, and the place each one stands for.

Places come from the `zipcodes` package, offline. `repair` and `place` need no network and no clock.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache

import zipcodes


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
    return _places(code[:2]).get(code)


@cache
def _places(prefix: str) -> dict[str, ZipPlace]:
    # Two digits at a time: one look-up takes 0.2 ms, the whole table at once 25 MB more than these.
    if not re.fullmatch("[0-9]{2}", prefix):
        return {}
    return {row["zip_code"]: _read(row) for row in zipcodes.similar_to(prefix)}  # type: ignore[no-untyped-call] # it has no types


def _read(row: dict[str, str]) -> ZipPlace:
    # Each name once in memory, however many codes it has.
    named = (row["city"], row["state"], row["county"], _timezone(row["timezone"]))
    return ZipPlace(*map(sys.intern, named))


def _timezone(name: str) -> str:
    # One code of the package's data has a village where the time zone should be.
    return name if "/" in name else ""
