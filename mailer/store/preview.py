"""Queries of the preview only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mailer.ledger.statistics import AcceptedInMinute
    from mailer.lists.subscriber import Subscriber


class Preview(Protocol):
    def search(self, list_name: str, text: str, limit: int) -> list[Subscriber]:
        """Members of a list, unsubscribed ones too, whose address or name contains every word of `text`."""
        ...

    def accepted_by_minute(self, send_id: int) -> list[AcceptedInMinute]:
        """The minutes in which mail was accepted, in order. Reads every delivery of the send."""
        ...
