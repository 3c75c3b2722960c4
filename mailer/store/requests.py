"""Requests that have to be confirmed from a mailbox (double opt-in)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.lists.request import ConfirmationState, PendingRequest, RecipientRequest


class Requests(Protocol):
    def add(self, request: RecipientRequest, *, most: int, since: datetime, now: datetime) -> bool:
        """Keep a request, and that a mail has to go out for it.

        Return False, and keep nothing, when `most` were made for the address since then, or for the
        subscriber; when it is to leave and there is no such subscriber; when the address complained or
        staff have suppressed it.
        """
        ...

    def get(self, request_id: int) -> PendingRequest | None: ...

    def grant(self, request_id: int, *, keep: bool = False, now: datetime) -> PendingRequest | None:
        """Do what was requested, once; None when there is no such request.

        Args:
            request_id: of the request.
            keep: for a SETTLE, whether the person keeps the old address.
            now: the time.
        """
        ...

    def next_mail(self, *, now: datetime, stale: datetime) -> PendingRequest | None:
        """Mark the oldest mail that waits `sending`, durably, and return its request.

        One that has been `sending` since before `stale` counts as waiting: its server is gone.
        """
        ...

    def mail_ended(self, request_id: int, state: ConfirmationState, *, now: datetime) -> None: ...

    def forget(self, before: datetime) -> None:
        """Delete requests that were made before, confirmed or not."""
        ...
