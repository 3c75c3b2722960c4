"""What events prove about deliveries, in SQLite: whatever is reported of a message, SES has taken it.

It may be known before this program knows that it has to ask: a sender dies, its events come in, and
only the next sender finds out what it left. So it is asked whenever either side changes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mailer.store.sqlite.sends import Sends

if TYPE_CHECKING:
    from collections.abc import Iterable


class Proofs(Sends):
    """See `store.feedback.Feedback.take_in`."""

    def prove(self, delivery_ids: Iterable[int], at: str) -> int:
        """Settle those of these deliveries that are not as events say; returns how many there were.

        Must be called inside a write transaction, as must `disprove`.
        """
        ids = list(delivery_ids)
        failed = self.disprove(ids, at)
        return failed + self.db.execute(_TAKEN, {"ids": json.dumps(ids), "at": at}).rowcount

    def disprove(self, delivery_ids: Iterable[int], at: str) -> int:
        """The same for what was accepted and never sent: so little that it can always be asked."""
        given = {"ids": json.dumps(list(delivery_ids)), "at": at}
        return self.db.execute(_NEVER_SENT, given).rowcount


# The first condition lets the index be used, which holds no others.
_OF_THESE = "delivery_id > 0 AND delivery_id IN (SELECT value FROM json_each(:ids))"

# What is said of another message of the same delivery, sent once more by hand, is not of this one.
_NEVER_SENT = f"""
UPDATE deliveries SET state = 'failed', message_id = e.message_id, detail = e.why, changed = :at
FROM (SELECT delivery_id, message_id, 'Amazon SES did not send it: ' || kind ||
        iif(diagnostic = '', '', ', ' || diagnostic) AS why
    FROM events WHERE {_OF_THESE} AND outcome = 'never sent') e
WHERE deliveries.id = e.delivery_id AND deliveries.state IN ('accepted', 'uncertain')
    AND deliveries.message_id IN ('', e.message_id)"""

# Whoever is to be mailed again, and has been mailed after all, is not.
_TAKEN = f"""
UPDATE deliveries SET state = 'accepted', message_id = e.message_id, detail = '', changed = :at
FROM (SELECT delivery_id, message_id FROM events WHERE {_OF_THESE} AND outcome <> 'never sent') e
WHERE deliveries.id = e.delivery_id AND deliveries.state IN ('uncertain', 'pending')"""
