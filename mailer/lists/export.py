"""A list as CSV, for spreadsheets and for importing it again."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from mailer.lists.csv_file import defuse
from mailer.lists.subscriber import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from mailer.lists.membership import Membership, SuppressionReason
    from mailer.lists.subscriber import Subscriber

    Member = tuple[Subscriber, Membership, SuppressionReason | None]


def write_members(
    stream: BinaryIO, members: Iterable[Member], fields: Sequence[str], encoding: str
) -> int:
    """Write one row for each member, as they come; returns how many."""
    text = io.TextIOWrapper(stream, encoding, newline="", write_through=True)
    rows = csv.writer(text)
    rows.writerow([*COLUMNS, "tags", "member_since", "list_status", *map(defuse, fields)])
    number = 0
    for member in members:
        rows.writerow(map(defuse, _cells(member, fields)))
        number += 1
    text.detach()
    return number


def _cells(member: Member, fields: Sequence[str]) -> Iterator[str]:
    subscriber, membership, reason = member
    for name in COLUMNS:
        yield getattr(subscriber, name)
    yield "; ".join(subscriber.tags)
    yield membership.since[:10]
    yield f"suppressed: {reason}" if reason else membership.status
    for name in fields:
        yield subscriber.fields.get(name, "")
