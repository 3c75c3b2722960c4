"""The quiet period between two campaigns (a frequency cap)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


class QuietPeriod(Protocol):
    def recently_mailed(self, campaign: str, *, hours: float, now: datetime) -> Iterator[int]:
        """Ids of subscribers who had any other campaign in the last hours, ascending.

        Mail in flight and uncertain mail count.
        """
        ...

    def held_back(self, send_id: int) -> list[int]:
        """Ids of subscribers that `claim` has skipped for the quiet period.

        Freezing them again makes them pending again: the quiet period only delays a campaign.
        """
        ...
