"""One row of an import, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from mailer.lists.dates import iso_moment
from mailer.lists.membership import SuppressionReason
from mailer.lists.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailer.lists.leaving import Departure


class ImportedStanding(NamedTuple):
    """What a file says of a person beyond their details: membership, suppression, consent.

    Moments are ISO dates or times; "" is what the file does not say.
    """

    status: str = "subscribed"
    """Of the membership: "subscribed" or "unsubscribed"."""
    since: str = ""
    how: str = "import"
    note: str = ""
    """The file's own words about the membership."""
    suppression: str = ""
    """A `SuppressionReason`."""
    suppressed: str = ""
    suppression_note: str = ""
    consent: str = ""
    created: str = ""


SUPPRESSIONS = {
    Standing.UNSUBSCRIBED_FROM_ALL: SuppressionReason.UNSUBSCRIBED,
    Standing.BOUNCED: SuppressionReason.BOUNCED,
    Standing.DO_NOT_MAIL: SuppressionReason.MANUAL,
    Standing.COMPLAINED: SuppressionReason.COMPLAINED,
}
"""The standings that hold for every list."""


def standing_of_departure(left: Departure) -> ImportedStanding:
    """How a departure is recorded: off the list, or suppressed everywhere."""
    reason = SUPPRESSIONS.get(left.standing)
    if reason is None:
        return ImportedStanding("unsubscribed", left.since, note=left.note)
    return ImportedStanding(suppression=reason, suppressed=left.since, suppression_note=left.note)


def standing_of_export(left: Departure | None, since: str, *exported: str) -> ImportedStanding:
    """Of a row of `lists export`.

    Args:
        left: what its `list_status` says.
        since: its `member_since`.
        exported: the columns of `header_mapping.EXPORTED`, in their order.
    """
    membership, how, note, suppressed, suppression_note, created, consent = exported
    reason = SUPPRESSIONS.get(left.standing) if left else None
    if membership:
        status = "subscribed" if membership == "subscribed" else "unsubscribed"
    else:
        status = "unsubscribed" if left and reason is None else "subscribed"
    return ImportedStanding(
        status,
        since,
        how or "import",
        note,
        reason or "",
        iso_moment(suppressed) if reason else "",
        suppression_note if reason else "",
        consent,
        iso_moment(created),
    )


class ImportRow(NamedTuple):
    """One accepted row of a file: already normalized, ZIP repaired, place names filled in.

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
    standing: ImportedStanding | None = None
    """None where the file says only that the person may be mailed."""


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
    left_now: int = 0
    """People of the file who could be mailed until this import, and cannot any more."""
    mailable: int = 0
    """People of the file who can be mailed through the list after this import. With those below
    they are everybody of the file who is not erased, each counted once."""
    unsubscribed: int = 0
    unsubscribed_from_all: int = 0
    bounced: int = 0
    do_not_mail: int = 0
    complained: int = 0

    number: int = field(default=0, compare=False)
    """The import's number, by which it can be undone; 0 for a dry run."""

    @property
    def left(self) -> int:
        """People of the file who cannot be mailed, by this file or by what was known before."""
        return (
            self.unsubscribed
            + self.unsubscribed_from_all
            + self.bounced
            + self.do_not_mail
            + self.complained
        )
