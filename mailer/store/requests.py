"""Requests that have to be confirmed from a mailbox (double opt-in)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mailer.lists.request import (
        ConfirmationState,
        PendingRequest,
        Reader,
        RecipientRequest,
        RequestLimits,
    )


class Requests(Protocol):
    def add(self, request: RecipientRequest, *, limits: RequestLimits, now: datetime) -> bool:
        """Keep a request, and that a mail has to go out for it.

        The work is the same whether or not the address is known: `take_mails` decides who gets a mail.
        A mailbox that has reached its limit of mails makes no difference either: then nothing is kept.

        Return False when the limit of the domain, or the one overall, is reached.
        """
        ...

    def change_details(
        self, reader: Reader, send_id: int, details: Mapping[str, str], *, now: datetime
    ) -> None:
        """Set columns of a subscriber, and keep a mail that tells the address and can undo it.

        Until the person has answered that mail, further changes are part of the same request.
        """
        ...

    def get(self, request_id: int) -> PendingRequest | None: ...

    def grant(self, request_id: int, *, keep: bool = False, now: datetime) -> PendingRequest | None:
        """Carry out a request; None when there is no such request.

        Each request takes effect once, except a LEAVE, which can be repeated.

        Args:
            request_id: of the request.
            keep: for a SETTLE or RESTORE, whether the person keeps what was before. Then no other
                change of the address is confirmed any more, nor asked for by the same link.
            now: the time.
        """
        ...

    def block_mail(self, request_id: int, *, blocked: bool, now: datetime) -> None:
        """Send no more mail that strangers ask for to the mailbox of a request, or send it again."""
        ...

    def is_closed(self, subscriber_id: int, send_id: int) -> bool:
        """Whether the person took back a change made through a link of this send."""
        ...

    def is_blocked(self, request_id: int) -> bool: ...

    def take_mails(self, most: int, *, now: datetime, stale: datetime) -> Sequence[PendingRequest]:
        """Mark the oldest mails that wait `sending`, durably, and return their requests in order.

        One that has been `sending` since before `stale` counts as waiting: its server is gone.
        Addresses that may not be mailed are left out, so fewer can come back than wait.
        """
        ...

    def mails_ended(self, states: Mapping[int, ConfirmationState], *, now: datetime) -> None:
        """Keep the results of mails, by the ids of their requests."""
        ...

    def forget(self, before: datetime, *, refused_before: datetime) -> None:
        """Delete older requests; those without mail may be deleted sooner.

        A change of address that was taken back is kept: its link stays closed.
        """
        ...
