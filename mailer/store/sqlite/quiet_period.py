"""Who had another campaign lately, in SQLite.

Campaigns of these hours are few: they are found first, and a person is then looked up in each of them
by the index that keeps anybody from getting one twice.
"""

from __future__ import annotations

import heapq
import json
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.ledger.delivery import HELD_BACK
from mailer.store.sqlite.rows import PAGE
from mailer.store.sqlite.web_versions import Copies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime


class Quiet(Copies):
    """See `store.respite.Respite`."""

    def had_another(self, campaign: str, *, hours: float, now: datetime) -> Iterator[int]:
        since = _before(now, hours)
        others = self._lately(campaign, since)
        streams = [self._had(other, since) for other in others]
        return heapq.merge(*streams, *(self._had_before_moving(other, since) for other in others))

    def _had(self, campaign: str, since: str) -> Iterator[int]:
        last = 0
        while rows := self.db.execute(_HAD, (campaign, last, since, PAGE)).fetchall():
            yield from (subscriber_id for (subscriber_id,) in rows)
            last = rows[-1][0]

    def _had_before_moving(self, campaign: str, since: str) -> Iterator[int]:
        """Whoever had it under an address they have moved from: few."""
        rows = self.db.execute(_HAD_BEFORE_MOVING, (campaign, since)).fetchall()
        return (subscriber_id for (subscriber_id,) in rows)

    def _lately(self, campaign: str, since: str) -> list[str]:
        """Every other campaign that anybody may have had since."""
        return [name for (name,) in self.db.execute(_LATELY, (campaign, since)).fetchall()]

    def passed_over(self, send_id: int) -> list[int]:
        rows = self.db.execute(_PASSED_OVER, (send_id, HELD_BACK)).fetchall()
        return [subscriber_id for (subscriber_id,) in rows]

    def holding_back(self, send_id: int, now: datetime) -> Callable[[int], str]:
        """For the deliveries of a send: a subscriber's id → why they are left alone, or ""."""
        campaign, hours = self.db.execute(_QUIET, (send_id,)).fetchone()
        since = _before(now, hours)
        others = self._lately(campaign, since) if hours else []
        if not others:
            return lambda _: ""
        campaigns = json.dumps(others)

        def why(subscriber_id: int) -> str:
            given = {"campaigns": campaigns, "who": subscriber_id, "since": since}
            return HELD_BACK if self.db.execute(_HAS_HAD, given).fetchone() else ""

        return why


def _before(now: datetime, hours: float) -> str:
    return (now - timedelta(hours=hours)).isoformat(timespec="seconds")


_QUIET = "SELECT campaign, quiet_hours FROM sends WHERE id = ?"

# A send changes when it ends or pauses; while it goes on, it is `sending`, and stays so if it dies. By
# an index that holds all that is asked for: to get at the rows, SQLite reads through the snapshots.
_LATELY = """
SELECT DISTINCT campaign FROM sends INDEXED BY sends_by_change
WHERE campaign <> ? AND (changed >= ? OR state = 'sending')"""

# Uncertain and in flight count: perhaps they had it.
_HAD = """
SELECT subscriber_id FROM deliveries
WHERE campaign = ? AND subscriber_id > ? AND changed >= ?
    AND state IN ('sending', 'accepted', 'uncertain')
ORDER BY subscriber_id LIMIT ?"""

_PASSED_OVER = """
SELECT subscriber_id FROM deliveries WHERE send_id = ? AND state = 'skipped' AND detail = ?"""

_HAD_BEFORE_MOVING = """
SELECT moves.subscriber_id FROM moves JOIN deliveries d
ON d.campaign = ? AND d.subscriber_id = moves.formerly
WHERE d.changed >= ? AND d.state IN ('sending', 'accepted', 'uncertain') ORDER BY 1"""

_HAS_HAD = """
SELECT 1 FROM deliveries
WHERE campaign IN (SELECT value FROM json_each(:campaigns)) AND changed >= :since
    AND subscriber_id IN (
        SELECT :who UNION ALL SELECT formerly FROM moves WHERE subscriber_id = :who)
    AND state IN ('sending', 'accepted', 'uncertain') LIMIT 1"""
