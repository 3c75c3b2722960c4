"""Unsubscribing by a personal link, and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mailer.lists.request import Reader


class Unsubscribes(Protocol):
    def reader(self, subscriber_id: int, send_id: int) -> Reader | None:
        """The person whom a personal link belongs to; None when there is no such send."""
        ...

    def leave(
        self,
        subscriber_id: int,
        send_id: int,
        *,
        everything: bool = False,
        lists: Sequence[str] = (),
        how: str,
        visit: str = "",
        now: datetime,
    ) -> int:
        """Unsubscribe from these lists, else from the send's, or from everything.

        Return the id of the departure, which remembers what changed. When nothing was left to change,
        return 0, or the departure that the same visit made before, if it can still be undone.
        """
        ...

    def undo(self, departure_id: int, *, now: datetime) -> Reader | None:
        """Take back what a departure changed, no more, within 24 hours.

        Return the person as they are afterwards; None when there is no such departure.
        """
        ...

    def can_undo(self, departure_id: int, *, now: datetime) -> bool: ...

    def give_reason(self, departure_id: int, reason: str) -> Reader | None: ...

    def get(self, departure_id: int) -> Reader | None: ...
