"""What the preview asks of a store, besides what sending asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.lists.subscriber import Subscriber


@dataclass(frozen=True, slots=True)
class Minute:
    """How many messages of a send were accepted in one minute."""

    at: datetime
    accepted: int


class Showing(Protocol):
    def search(self, list_name: str, words: str, limit: int) -> list[Subscriber]:
        """Members of a list, unsubscribed ones included, whose address or name holds every word."""
        ...

    def pulse(self, send_id: int) -> list[Minute]:
        """The minutes in which anything was accepted, in order. Reads every delivery of the send."""
        ...
