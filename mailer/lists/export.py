"""A list as CSV, for spreadsheets and for importing it again."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from mailer.lists.csv_file import defuse
from mailer.lists.header_mapping import EXPORTED
from mailer.lists.subscriber import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from mailer.lists.membership import ExportedMember, SuppressedAddress


def write_members(
    stream: BinaryIO, members: Iterable[ExportedMember], fields: Sequence[str], encoding: str
) -> int:
    """Write one row for each member, as they come; return how many."""
    text = io.TextIOWrapper(stream, encoding, newline="", write_through=True)
    rows = csv.writer(text)
    own = (*COLUMNS, "tags", "member_since", "list_status")
    rows.writerow([*own, *map(defuse, fields), *EXPORTED])
    number = 0
    for member in members:
        rows.writerow(map(defuse, _cells(member, fields)))
        number += 1
    text.detach()
    return number


def write_suppressions(
    stream: BinaryIO, suppressions: Iterable[SuppressedAddress], encoding: str
) -> int:
    """Write one row for each suppressed address, as `mailer suppress` reads them; return how many."""
    text = io.TextIOWrapper(stream, encoding, newline="", write_through=True)
    rows = csv.writer(text)
    rows.writerow(["email", "list_status", "suppressed_since", "suppression_note"])
    number = 0
    for suppression in suppressions:
        status = f"suppressed: {suppression.reason}"
        rows.writerow(map(defuse, (suppression.email, status, suppression.since, suppression.note)))
        number += 1
    text.detach()
    return number


def _cells(member: ExportedMember, fields: Sequence[str]) -> Iterator[str]:
    subscriber, membership = member.subscriber, member.membership
    for name in COLUMNS:
        yield getattr(subscriber, name)
    yield "; ".join(subscriber.tags)
    yield membership.since
    yield f"suppressed: {member.suppression}" if member.suppression else membership.status
    for name in fields:
        yield subscriber.fields.get(name, "")
    yield membership.status
    yield membership.how
    yield membership.note
    yield member.suppressed_since
    yield member.suppression_note
    yield member.created
    yield member.consent_source
