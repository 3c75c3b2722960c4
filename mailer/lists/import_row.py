"""One row of an import, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class ImportRow(NamedTuple):
    """One accepted row of a file: already normalised, ZIP repaired, place names filled in.

    A tuple, as it is made in a quarter of the time of a frozen dataclass, once for each row.
    """

    row: int
    """Counted from 1, the first row after the header."""
    email: str
    first_name: str = ""
    last_name: str = ""
    zip: str = ""
    city: str = ""
    state: str = ""
    county: str = ""
    timezone: str = ""
    fields: Mapping[str, str] = MappingProxyType({})
    tags: tuple[str, ...] = ()
    joined: str = ""
    """When the person joined the list, as the file says it (ISO date), or ""."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """What the store did with an `ImportRow`."""

    row: int
    email: str
    action: str
    """"new" (a new subscriber), "updated" (known before this import), "merged" (same address as
    an earlier row of this file), or "erased" (asked to be erased: not stored)."""
    into: int | None = None
    """For "merged": the earlier row."""


@dataclass(frozen=True, slots=True)
class ImportTotals:
    """The totals of one import. `new + updated + merged + erased` is the number of rows."""

    new: int = 0
    updated: int = 0
    merged: int = 0
    erased: int = 0
    joined: int = 0
    """Memberships of the list that this import created."""
    kept_unsubscribed: int = 0
    """People of the file who have unsubscribed from this list and stay so."""
    kept_suppressed: int = 0
    """People of the file whose address is suppressed and stays so."""
