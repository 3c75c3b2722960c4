"""What the preview asks of a store, besides what sending asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mailer.ledger.statistics import AcceptedInMinute
    from mailer.lists.subscriber import Subscriber


class PreviewStore(Protocol):
    def search(self, list_name: str, words: str, limit: int) -> list[Subscriber]:
        """Members of a list, unsubscribed ones included, whose address or name holds every word."""
        ...

    def pulse(self, send_id: int) -> list[AcceptedInMinute]:
        """The minutes in which anything was accepted, in order. Reads every delivery of the send."""
        ...
