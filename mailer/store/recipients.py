"""What the recipients' pages ask of a store, in the domain's words.

Every method is one transaction; `together` makes one of many. Times are aware UTC datetimes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

from mailer.store.clicks import ClickCounts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from mailer.lists.subscriber import Subscriber
    from mailer.store.base import Send

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a link in a mail belongs to, and from which send it came."""

    subscriber_id: int
    email: str
    """"" when the person has been erased."""
    list_name: str
    campaign: str
    subscribed: bool
    """To that list, and not suppressed."""


class Kind(StrEnum):
    """What somebody asked for that has to be confirmed from a mailbox."""

    JOIN = "join"
    """Subscribe this address to `lists`."""
    MOVE = "move"
    """Write to this address instead of that of `subscriber_id`."""
    LEAVE = "leave"
    """Unsubscribe this address from `lists`, or from everything when there are none."""
    SETTLE = "settle"
    """Of the old address, after a move: take it back, or let the details follow. See `move_id`."""


class MailState(StrEnum):
    """Of the mail that asks: pending → sending → sent | failed | uncertain."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for on a page, before it is confirmed."""

    kind: Kind
    email: str
    subscriber_id: int = 0
    send_id: int = 0
    move_id: int = 0
    lists: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)
    """Columns of the subscriber, to be set when it is confirmed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits to be confirmed, or was."""

    id: int
    wish: Wish
    asked: datetime
    settled: str = ""
    """"" while it waits, else how it ended: "done", "kept" or "refused"."""
    departure_id: int = 0
    """What can be undone of it, 0 when nothing."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail as it was sent, to be shown again."""

    digest: str
    """Of `content`."""
    content: bytes
    """See `mailer.mail.web_version`: what all recipients of the variant share."""
    values: str
    """What is this recipient's own."""


class Pages(ClickCounts, Protocol):
    def together(self, steps: Sequence[Callable[[], T]]) -> list[T | Exception]:
        """Several of the methods below in one transaction: one wait for the disk.

        A step that raises is taken back alone, and its exception stands in its place.
        """
        ...

    def reader(self, subscriber_id: int, send_id: int) -> Reader | None:
        """None when there is no such send."""
        ...

    def leave(
        self,
        subscriber_id: int,
        send_id: int,
        *,
        everything: bool = False,
        lists: Sequence[str] = (),
        how: str,
        now: datetime,
    ) -> int:
        """Unsubscribe from these lists, else from the send's, or from everything.

        Returns the departure's id; when nothing was left to change, that of the last departure of
        these 24 hours, and 0 when there is none.
        """
        ...

    def undo(self, departure_id: int, *, now: datetime) -> Reader | None:
        """Take back what a departure changed, no more. None when there is no such departure."""
        ...

    def give_reason(self, departure_id: int, reason: str) -> Reader | None: ...

    def departed(self, departure_id: int) -> Reader | None: ...

    def update(self, subscriber_id: int, details: Mapping[str, str], *, now: datetime) -> bool:
        """Set columns of `subscriber.COLUMNS`. False when nobody has this id."""
        ...

    def ask(self, wish: Wish, *, most: int, since: datetime, now: datetime) -> bool:
        """Keep a request, and that a mail has to go out for it.

        False, and nothing is kept, when `most` were asked for the address since then, or for the
        subscriber; when it is to leave and nobody has the address; when the address complained or
        staff have suppressed it.
        """
        ...

    def asked(self, asked_id: int) -> Asked | None: ...

    def grant(self, asked_id: int, *, keep: bool = False, now: datetime) -> Asked | None:
        """Do what was asked, once; None when there is no such request.

        Args:
            asked_id: of the request.
            keep: of a SETTLE, whether the person keeps the old address.
            now: the time.
        """
        ...

    def next_mail(self, *, now: datetime, stale: datetime) -> Asked | None:
        """Mark the oldest mail that waits `sending`, durably, and return its request.

        One that has been `sending` since before `stale` counts as waiting: its server is gone.
        """
        ...

    def mail_ended(self, asked_id: int, state: MailState, *, now: datetime) -> None: ...

    def forget_asked(self, before: datetime) -> None:
        """Delete requests that were asked before, confirmed or not."""
        ...

    def kept(self, subscriber_id: int, send_id: int) -> Kept | None: ...

    def subscriber(self, subscriber_id: int) -> Subscriber | None: ...

    def send_of(self, campaign: str) -> Send | None:
        """The first send of a campaign that has reached anybody."""
        ...
