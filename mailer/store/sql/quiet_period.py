"""The quiet period between two campaigns.

Campaigns of these hours are few: they are selected first, and each person is then looked up in them
by the unique index of deliveries.
"""

from __future__ import annotations

import heapq
import json
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.ledger.delivery import HELD_BACK
from mailer.store.sql.rows import PAGE, iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from mailer.store.sql.database import Row, SqlDatabase


class SqlQuietPeriod:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def recently_mailed(self, campaign: str, *, hours: float, now: datetime) -> Iterator[int]:
        since = _before(now, hours)
        others = self._recent_campaigns(campaign, since)
        streams = [self._mailed(other, since) for other in others]
        moved = [self._mailed_before_moving(other, since) for other in others]
        return heapq.merge(*streams, *moved)

    def _mailed(self, campaign: str, since: str) -> Iterator[int]:
        page = {"campaign": campaign, "since": since, "page": PAGE, "last": 0}
        while rows := self._db.rows(_MAILED, page):
            yield from (subscriber_id for (subscriber_id,) in rows)
            page["last"] = rows[-1][0]

    def _mailed_before_moving(self, campaign: str, since: str) -> Iterator[int]:
        """Subscribers who had it under an address they have moved from: few."""
        rows = self._db.rows(_MAILED_BEFORE_MOVING, {"campaign": campaign, "since": since})
        return (subscriber_id for (subscriber_id,) in rows)

    def _recent_campaigns(self, campaign: str, since: str) -> list[str]:
        """Every other campaign that was sent since."""
        rows = self._db.rows(_RECENT_CAMPAIGNS, {"campaign": campaign, "since": since})
        return [name for (name,) in rows]

    def held_back(self, send_id: int) -> list[int]:
        rows = self._db.rows(_HELD_BACK, {"send": send_id, "reason": HELD_BACK})
        return [subscriber_id for (subscriber_id,) in rows]

    def who_waits(self, row: Row, now: datetime) -> Callable[[Sequence[int]], set[int]]:
        """A function for the deliveries of a send: ids of subscribers → those whom it has to wait for.

        Args:
            row: of HOURS.
            now: of the claims.
        """
        campaign, hours = row
        since = _before(now, hours)
        others = self._recent_campaigns(campaign, since) if hours else []
        if not others:
            return lambda _: set()
        mailed = {"campaigns": json.dumps(others), "since": since}

        def who(subscriber_ids: Sequence[int]) -> set[int]:
            rows = self._db.rows(_WERE_MAILED, {**mailed, "ids": json.dumps(subscriber_ids)})
            return {subscriber_id for (subscriber_id,) in rows}

        return who


def _before(now: datetime, hours: float) -> str:
    return iso(now - timedelta(hours=hours))


HOURS = "SELECT campaign, quiet_hours FROM sends WHERE id = :send"

# A send changes when it ends or pauses; while it goes on, it is `sending`, and stays so if it dies. By
# an index that holds all that is asked for: to get at the rows, SQLite reads through the snapshots.
_RECENT_CAMPAIGNS = """
SELECT DISTINCT campaign FROM sends INDEXED BY sends_by_change
WHERE campaign <> :campaign AND (changed >= :since OR state = 'sending')"""

# Uncertain and in flight count: perhaps they had it.
_MAILED = """
SELECT subscriber_id FROM deliveries
WHERE campaign = :campaign AND subscriber_id > :last AND changed >= :since
    AND state IN ('sending', 'accepted', 'uncertain')
ORDER BY subscriber_id LIMIT :page"""

_HELD_BACK = """
SELECT subscriber_id FROM deliveries
WHERE send_id = :send AND state = 'skipped' AND detail = :reason"""

_MAILED_BEFORE_MOVING = """
SELECT moves.subscriber_id FROM moves JOIN deliveries d
ON d.campaign = :campaign AND d.subscriber_id = moves.formerly
WHERE d.changed >= :since AND d.state IN ('sending', 'accepted', 'uncertain') ORDER BY 1"""

# A person at a time, by the unique index of deliveries: CROSS JOIN keeps SQLite to this order.
_WERE_MAILED = """
SELECT DISTINCT who.id
FROM (SELECT CAST(value AS BIGINT) AS id, CAST(value AS BIGINT) AS subscriber_id FROM json_each(:ids)
    UNION ALL SELECT CAST(value AS BIGINT), formerly
    FROM json_each(:ids) JOIN moves ON moves.subscriber_id = CAST(value AS BIGINT)) who
CROSS JOIN json_each(:campaigns) c CROSS JOIN deliveries d
WHERE d.campaign = c.value AND d.subscriber_id = who.subscriber_id AND d.changed >= :since
    AND d.state IN ('sending', 'accepted', 'uncertain')"""
