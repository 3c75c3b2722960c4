"""What the quiet period between two campaigns asks of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


class QuietPeriodStore(Protocol):
    def had_another(self, campaign: str, *, hours: float, now: datetime) -> Iterator[int]:
        """Ids of subscribers who had any other campaign in the last hours, ascending.

        Whoever may have had one, because it is in flight or uncertain, is among them.
        """
        ...

    def passed_over(self, send_id: int) -> list[int]:
        """Ids of subscribers whom `claim` has skipped for the quiet period.

        Freezing them again makes them pending again: nobody misses a campaign for good by that.
        """
        ...
