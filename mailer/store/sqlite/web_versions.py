"""Mail as it was sent, kept to be shown again, in SQLite: variants once, values for each delivery."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mailer.ledger.delivery import DeliveryState, StoredMessage
from mailer.store.sqlite.sends import Sends

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailer.ledger.delivery import Result, Send

_DELIVERED = {DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN}


class Copies(Sends):
    """See `store.pages.Pages`: what was sent."""

    def keep_copies(self, results: Iterable[Result]) -> None:
        copies = [(r.kept, r.delivery_id) for r in results if r.kept and r.state in _DELIVERED]
        firsts = {kept.digest: (kept, delivery) for kept, delivery in copies}
        self.db.conn.executemany(
            _KEEP_VARIANT, [(k.digest, k.content, delivery) for k, delivery in firsts.values()]
        )
        values = [(delivery, kept.digest, kept.values) for kept, delivery in copies]
        self.db.execute(_KEEP_VALUES, (json.dumps(values),))

    def kept(self, subscriber_id: int, send_id: int) -> StoredMessage | None:
        row = self.db.execute(_KEPT, (subscriber_id, send_id)).fetchone()
        return StoredMessage(*row) if row else None

    def send_of(self, campaign: str) -> Send | None:
        row = self.db.execute(_PUBLISHED, (campaign,)).fetchone()
        found = self.sends(campaign) if row else []
        return next((send for send in found if send.id == row[0]), None)


_KEEP_VARIANT = """
INSERT INTO variants (send_id, digest, content) SELECT send_id, ?, ? FROM deliveries WHERE id = ?
ON CONFLICT (send_id, digest) DO NOTHING"""

# Of somebody erased while their mail was on its way, nothing is kept.
_KEEP_VALUES = """
INSERT OR REPLACE INTO copies (delivery_id, variant_id, slot_values)
SELECT d.id, v.id, r.value ->> 2 FROM json_each(?) r JOIN deliveries d ON d.id = r.value ->> 0
JOIN variants v ON v.send_id = d.send_id AND v.digest = r.value ->> 1
JOIN subscribers s ON s.id = d.subscriber_id"""

_KEPT = """
SELECT v.digest, v.content, c.slot_values
FROM sends JOIN deliveries d ON d.campaign = sends.campaign AND d.send_id = sends.id
JOIN copies c ON c.delivery_id = d.id JOIN variants v ON v.id = c.variant_id
WHERE d.subscriber_id = ? AND sends.id = ?"""

_PUBLISHED = """
SELECT id FROM sends WHERE campaign = ?
    AND EXISTS (SELECT 1 FROM deliveries d WHERE d.send_id = sends.id AND d.state = 'accepted')
ORDER BY id LIMIT 1"""
