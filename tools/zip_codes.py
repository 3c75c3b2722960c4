"""Makes mailer/lists/data/zip-codes.bin from the package `zipcodes`: `python -m tools.zip_codes`.

To be run when a newer version of the package knows more codes. `mailer.lists.zipcodes` says how it is
laid out.
"""

from __future__ import annotations

import struct

import zipcodes

from mailer.lists.zipcodes import CODES, HEADER, TABLE, ZipPlace


def places() -> dict[str, ZipPlace]:
    """Every code and its place, as the package has it."""
    return {row["zip_code"]: _place(row) for row in zipcodes.list_all()}


def _place(row: dict[str, str]) -> ZipPlace:
    # one code of the package's data has a village where the time zone should be
    timezone = row["timezone"] if "/" in row["timezone"] else ""
    return ZipPlace(row["city"], row["state"], row["county"], timezone)


def table(by_code: dict[str, ZipPlace]) -> bytes:
    """The content of the file."""
    distinct = sorted({*by_code.values()}, key=_names)
    names = sorted({name for place in distinct for name in _names(place)})
    number = {name: i for i, name in enumerate(names)}
    record = {place: i for i, place in enumerate(distinct, 1)}
    codes = [record.get(by_code.get(f"{code:05}"), 0) for code in range(CODES)]  # type: ignore[call-overload] # None is no key
    text = [name.encode() for name in names]
    ends = [0]
    for name in text:
        ends.append(ends[-1] + len(name))
    return b"".join((
        HEADER.pack(len(distinct), len(names)),
        struct.pack(f"<{CODES}H", *codes),
        *(struct.pack("<4H", *(number[name] for name in _names(place))) for place in distinct),
        struct.pack(f"<{len(ends)}I", *ends),
        *text,
    ))  # fmt: skip


def _names(place: ZipPlace) -> tuple[str, str, str, str]:
    return place.city, place.state, place.county, place.timezone


if __name__ == "__main__":
    TABLE.write_bytes(table(places()))
