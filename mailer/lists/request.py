"""What recipients ask for on the pages, and what waits to be confirmed by mail (double opt-in)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reader:
    """The subscriber and the send that a link in a mail belongs to."""

    subscriber_id: int
    email: str
    """"" when the person has been erased."""
    lists: tuple[str, ...]
    """Lists that the mail went to; none for a departure that belongs to no mail."""
    campaign: str
    subscribed: bool
    """Whether the reader is on one of these lists, and not suppressed."""
    send_id: int = 0
    """0 of a departure that belongs to no mail."""


class RequestKind(StrEnum):
    """A kind of request that must be confirmed from the mailbox."""

    JOIN = "join"
    """Subscribe this address to `lists`."""
    MOVE = "move"
    """Write to this address instead of that of `subscriber_id`."""
    LEAVE = "leave"
    """Unsubscribe this address from `lists`, or from everything when there are none."""
    SETTLE = "settle"
    """Ask the old address, after a move: take it back, or let the details follow. See `move_id`."""
    RESTORE = "restore"
    """Put back `details`, which were changed by a link that the mail's reader may not have used."""
    SIGN = "sign"
    """Sign the petition in `details`, and subscribe to `lists`, if that was chosen.

    Where `details` has a `signature`, only name, place and comment are added to that one.
    """
    RECEIPT = "receipt"
    """Confirm the signature in `details`: nothing has to be done, but it can be withdrawn."""


STRANGERS = (RequestKind.JOIN, RequestKind.MOVE, RequestKind.LEAVE, RequestKind.SIGN)
"""Kinds that strangers can ask for, so mail about them is limited and can be refused."""


class ConfirmationState(StrEnum):
    """State of the mail that asks: pending → sending → sent | failed | uncertain."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    """Not sent: there is no such subscriber, or the address does not want such mail."""


@dataclass(frozen=True, slots=True)
class RecipientRequest:
    """What is asked for on a page, before it is confirmed."""

    kind: RequestKind
    email: str
    subscriber_id: int = 0
    send_id: int = 0
    move_id: int = 0
    lists: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)
    """Columns of the subscriber, to be set when it is confirmed; of a signature also the petition's name and
    what was written."""


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A request that waits to be confirmed, or was."""

    id: int
    wish: RecipientRequest
    asked: datetime
    settled: str = ""
    """"" while it waits, else how it ended: "done", "kept" or "refused"."""
    departure_id: int = 0
    """What can be undone of it, 0 when nothing."""
    in_effect: bool = False
    """Whether what was requested is so at this moment, however it came about."""


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How many requests of strangers are mailed about."""

    per_mailbox: int
    """Requests of one kind in 24 hours; the sub-address does not count. Also for one subscriber's link."""
    per_domain: int
    """Requests in an hour."""
    overall: int
    """Requests in an hour."""


UNSUBSCRIBE_REASONS = {
    "too-many": "Too many e-mails",
    "not-for-me": "They are not about what I care about",
    "never-asked": "I never asked for them",
    "other": "Something else",
}
