"""Whether a send harms the organization's reputation: too many bounces or complaints.

Mail services and Amazon count the same; Amazon puts an account under review at 5 % bounces or 0.1 %
complaints.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.ledger.event import DeliverabilityStats
    from mailer.store import Store

FEWEST = 5
"""Fewest bounces or complaints that are significant. At 0.1 %, one complaint may come among the first 500
readers of any list; with 0.03 % in truth, five among 5,000 are a matter of 1 in 50."""
_LOOK_AGAIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class ReputationLimits:
    bounces: float
    """Percent of the outcomes."""
    complaints: float
    outcomes: int
    """Outcomes below which the rates are not judged."""


def reason_to_pause(stats: DeliverabilityStats, limits: ReputationLimits) -> str:
    """Reason to pause a send; "" for none."""
    if not stats.watched or stats.known < limits.outcomes:
        return ""
    for number, limit, outcome in (
        (stats.bounced, limits.bounces, "bounced"),
        (stats.complained, limits.complaints, "were complained about"),
    ):
        percentage = 100 * number / stats.known
        if number >= FEWEST and percentage > limit:
            return (
                f"{number:,} of {stats.known:,} mails {outcome}: {percentage:.2g} %, and more than "
                f"{limit:g} % stops a send"
            )
    return ""


class ReputationMonitor:
    """Checks a send every few seconds."""

    def __init__(self, store: Store, limits: ReputationLimits) -> None:
        self._store = store
        self._limits = limits
        self._looked: datetime | None = None

    def why_stop(self, send_id: int, now: datetime) -> str:
        if self._looked and now - self._looked < _LOOK_AGAIN:
            return ""
        self._looked = now
        return reason_to_pause(self._store.events.stats(send_id), self._limits)
