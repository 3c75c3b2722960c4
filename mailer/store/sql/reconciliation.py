"""Settle deliveries by their events: an event about a message proves that SES accepted it.

The event may come before the question: a sender dies, its events come in, and only the next sender
settles its deliveries. So both are compared whenever either changes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailer.store.sql.database import SqlDatabase


class Reconciliation:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def prove(self, delivery_ids: Iterable[int], at: str) -> int:
        """Settle those of these deliveries that differ from their events; return how many did.

        Must be called inside a write transaction, as must `disprove`.
        """
        these = {"ids": json.dumps(list(delivery_ids)), "at": at}
        return self._db.execute(_NEVER_SENT, these) + self._db.execute(_ACCEPTED, these)

    def disprove(self, delivery_ids: Iterable[int], at: str) -> None:
        """Settle mail that was accepted and never sent: so rare that it can always be asked."""
        these = {"ids": json.dumps(list(delivery_ids)), "at": at}
        self._db.execute_later(_NEVER_SENT, [these])


# The first condition lets the index be used, which holds no others.
_OF_THESE = "delivery_id > 0 AND delivery_id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))"

# An event about another message of the same delivery, sent once more by hand, says nothing about this one.
_NEVER_SENT = f"""
UPDATE deliveries SET state = 'failed', message_id = e.message_id, detail = e.why, changed = :at
FROM (SELECT delivery_id, message_id, 'Amazon SES did not send it: ' || kind ||
        CASE diagnostic WHEN '' THEN '' ELSE ', ' || diagnostic END AS why
    FROM events WHERE {_OF_THESE} AND outcome = 'never sent') e
WHERE deliveries.id = e.delivery_id AND deliveries.state IN ('accepted', 'uncertain')
    AND deliveries.message_id IN ('', e.message_id)"""

# A delivery that was pending again, and had been mailed after all, is not sent twice.
_ACCEPTED = f"""
UPDATE deliveries SET state = 'accepted', message_id = e.message_id, detail = '', changed = :at
FROM (SELECT delivery_id, message_id FROM events WHERE {_OF_THESE} AND outcome <> 'never sent') e
WHERE deliveries.id = e.delivery_id AND deliveries.state IN ('uncertain', 'pending')"""
