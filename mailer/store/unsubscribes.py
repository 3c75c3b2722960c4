"""Unsubscribing by a personal link, and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mailer.lists.request import Reader


class Unsubscribes(Protocol):
    def reader(self, subscriber_id: int, send_id: int) -> Reader | None:
        """The person of a personal link; None when there is no such send."""
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
        return 0, or the earlier departure of the same visit, if it can still be undone.
        """
        ...

    def undo(self, departure_id: int, *, now: datetime) -> Reader | None:
        """Undo the changes of a departure, and no others, within 24 hours.

        Return the person after the change; None when there is no such departure.
        """
        ...

    def can_undo(self, departure_id: int, *, now: datetime) -> bool: ...

    def give_reason(self, departure_id: int, reason: str) -> Reader | None: ...

    def get(self, departure_id: int) -> Reader | None: ...
