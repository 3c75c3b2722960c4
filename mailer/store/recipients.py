"""What the recipients' pages ask of a store, in the domain's words.

Every method is one transaction; `together` makes one of many. Times are aware UTC datetimes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from mailer.store.clicks import ClickStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from mailer.ledger.delivery import Send, StoredMessage
    from mailer.lists.request import ConfirmationState, PendingRequest, Reader, RecipientRequest
    from mailer.lists.subscriber import Subscriber

T = TypeVar("T")


class RecipientStore(ClickStore, Protocol):
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

    def ask(self, wish: RecipientRequest, *, most: int, since: datetime, now: datetime) -> bool:
        """Keep a request, and that a mail has to go out for it.

        False, and nothing is kept, when `most` were asked for the address since then, or for the
        subscriber; when it is to leave and nobody has the address; when the address complained or
        staff have suppressed it.
        """
        ...

    def asked(self, asked_id: int) -> PendingRequest | None: ...

    def grant(self, asked_id: int, *, keep: bool = False, now: datetime) -> PendingRequest | None:
        """Do what was asked, once; None when there is no such request.

        Args:
            asked_id: of the request.
            keep: of a SETTLE, whether the person keeps the old address.
            now: the time.
        """
        ...

    def next_mail(self, *, now: datetime, stale: datetime) -> PendingRequest | None:
        """Mark the oldest mail that waits `sending`, durably, and return its request.

        One that has been `sending` since before `stale` counts as waiting: its server is gone.
        """
        ...

    def mail_ended(self, asked_id: int, state: ConfirmationState, *, now: datetime) -> None: ...

    def forget_asked(self, before: datetime) -> None:
        """Delete requests that were asked before, confirmed or not."""
        ...

    def kept(self, subscriber_id: int, send_id: int) -> StoredMessage | None: ...

    def subscriber(self, subscriber_id: int) -> Subscriber | None: ...

    def send_of(self, campaign: str) -> Send | None:
        """The first send of a campaign that has reached anybody."""
        ...
