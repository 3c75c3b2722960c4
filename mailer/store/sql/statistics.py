"""Numbers for reports. Each reads every delivery of the send: some seconds for a million."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.campaigns.ab_test import ArmFigures
from mailer.ledger.statistics import BounceCount, DomainCount, SendStatistics, VariantCount

if TYPE_CHECKING:
    from mailer.store.sql.database import Row, SqlDatabase

_MOST = 200
"""Rows of one kind."""


class SqlStatistics:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def of_send(self, send_id: int) -> SendStatistics:
        parameters = {"send": send_id, "most": _MOST}

        def rows(sql: str) -> list[Row]:
            return self._db.rows(sql, parameters)

        with self._db.reading():
            reasons: dict[str, int] = dict(rows(_DEPARTURES))
            return SendStatistics(
                outcomes=dict(rows(_OUTCOMES)),
                unsubscribed=sum(reasons.values()),
                reasons={reason: number for reason, number in reasons.items() if reason},
                bounces=tuple(BounceCount(*row) for row in rows(_BOUNCES)),
                domains=tuple(DomainCount(*row) for row in rows(_DOMAINS)),
                states=tuple(rows(_STATES)),
                skipped=tuple(rows(f"{_DETAILS} AND state = 'skipped' {_GROUPED}")),
                failed=tuple(rows(f"{_DETAILS} AND state = 'failed' {_GROUPED}")),
            )

    def arm_figures(self, send_id: int) -> list[ArmFigures]:
        return [ArmFigures(*row) for row in self._db.rows(_ARMS, {"send": send_id})]

    def variant_counts(self, send_id: int, *, limit: int) -> tuple[list[VariantCount], int]:
        with self._db.reading():
            rows = self._db.rows(_VARIANT_COUNTS, {"send": send_id, "limit": limit})
            variants = self._db.value(_VARIANTS, {"send": send_id})
        return [VariantCount(*row) for row in rows], variants - len(rows)


_OUTCOMES = """
SELECT outcome, count(DISTINCT delivery_id) FROM events
WHERE send_id = :send AND delivery_id > 0 AND outcome <> '' GROUP BY outcome"""

_DEPARTURES = """
SELECT reason, count(DISTINCT subscriber_id) FROM departures
WHERE send_id = :send AND undone = '' GROUP BY reason"""

_BOUNCES = """
SELECT type, subtype, count(DISTINCT delivery_id) AS number FROM events
WHERE send_id = :send AND delivery_id > 0 AND outcome IN
    ('bounced', 'returned', 'declined', 'unrecognized bounce', 'not tried')
GROUP BY type, subtype ORDER BY number DESC, type, subtype LIMIT :most"""

# those that most came back from, then those that most went to
_DOMAINS = """
SELECT substr(s.email, instr(s.email, '@') + 1) AS domain, count(*) AS accepted,
    count(*) FILTER (WHERE d.id IN (
        SELECT delivery_id FROM events WHERE send_id = :send AND outcome = 'bounced')) AS bounced
FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id
WHERE d.send_id = :send AND d.state = 'accepted'
GROUP BY domain ORDER BY bounced DESC, accepted DESC, domain LIMIT :most"""

_STATES = """
SELECT s.state, count(*) AS number
FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id
WHERE d.send_id = :send AND d.state = 'accepted'
GROUP BY s.state ORDER BY number DESC, s.state LIMIT :most"""

_DETAILS = "SELECT detail, count(*) AS number FROM deliveries WHERE send_id = :send"

_GROUPED = "GROUP BY detail ORDER BY number DESC, detail LIMIT :most"

_ARMS = """
WITH sent AS (
    SELECT d.id, d.subscriber_id, CASE d.arm WHEN 0 THEN sends.winner ELSE d.arm END AS arm
    FROM deliveries d JOIN sends ON sends.id = d.send_id
    WHERE d.send_id = :send AND d.state = 'accepted'),
heard AS (
    SELECT DISTINCT delivery_id, outcome FROM events
    WHERE send_id = :send AND outcome IN ('bounced', 'complained')),
numbers AS (
    SELECT arm, count(*) AS sent FROM sent GROUP BY arm)
SELECT arm, sent,
    (SELECT coalesce(sum(clicks), 0) FROM links WHERE send_id = :send AND links.arm = numbers.arm),
    (SELECT count(DISTINCT x.subscriber_id) FROM departures x JOIN sent USING (subscriber_id)
        WHERE x.send_id = :send AND x.undone = '' AND sent.arm = numbers.arm),
    (SELECT count(*) FROM heard JOIN sent ON sent.id = heard.delivery_id
        WHERE outcome = 'bounced' AND sent.arm = numbers.arm),
    (SELECT count(*) FROM heard JOIN sent ON sent.id = heard.delivery_id
        WHERE outcome = 'complained' AND sent.arm = numbers.arm)
FROM numbers ORDER BY arm"""

_VARIANTS = "SELECT count(*) FROM variants WHERE send_id = :send"

# CROSS JOIN: from the deliveries of this send to their copies, not through those of all sends. Counted
# first: sorted with the content of their variants, the copies of a million people take 15 s.
_VARIANT_COUNTS = """
WITH counted AS (
    SELECT c.variant_id AS id, count(*) AS number FROM deliveries d CROSS JOIN copies c
    WHERE c.delivery_id = d.id AND d.send_id = :send AND d.state = 'accepted'
    GROUP BY c.variant_id)
SELECT v.content, counted.number FROM counted JOIN variants v ON v.id = counted.id
ORDER BY counted.number DESC, v.id LIMIT :limit"""
