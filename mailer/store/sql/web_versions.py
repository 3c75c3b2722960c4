"""Web versions: each variant is kept once, and its values for each delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.ledger.delivery import DeliveryState, StoredMessage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailer.ledger.delivery import Result
    from mailer.store.sql.database import SqlDatabase

_DELIVERED = {DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN}


class SqlWebVersions:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def find(self, subscriber_id: int, send_id: int) -> StoredMessage | None:
        row = self._db.row(_FIND, {"subscriber": subscriber_id, "send": send_id})
        return StoredMessage(*row) if row else None

    def add(self, results: Iterable[Result]) -> None:
        """Keep what was delivered. Called inside the transaction that records it."""
        copies = [(r.kept, r.delivery_id) for r in results if r.kept and r.state in _DELIVERED]
        firsts = {kept.digest: (kept, delivery) for kept, delivery in copies}
        variants = (
            {"digest": kept.digest, "content": kept.content, "delivery": delivery}
            for kept, delivery in firsts.values()
        )
        self._db.execute_many(_ADD_VARIANT, variants)
        values = (
            {"delivery": delivery, "digest": kept.digest, "values": kept.values}
            for kept, delivery in copies
        )
        self._db.execute_many(_ADD_VALUES, values)


_ADD_VARIANT = """
INSERT INTO variants (send_id, digest, content)
SELECT send_id, :digest, :content FROM deliveries WHERE id = :delivery
ON CONFLICT (send_id, digest) DO NOTHING"""

# Nothing is kept of a person who was erased while the mail was in flight.
_ADD_VALUES = """
INSERT INTO copies (delivery_id, variant_id, slot_values)
SELECT d.id, v.id, :values
FROM deliveries d JOIN variants v ON v.send_id = d.send_id AND v.digest = :digest
JOIN subscribers s ON s.id = d.subscriber_id
WHERE d.id = :delivery
ON CONFLICT (delivery_id) DO UPDATE
SET variant_id = excluded.variant_id, slot_values = excluded.slot_values"""

_FIND = """
SELECT v.digest, v.content, c.slot_values
FROM sends JOIN deliveries d ON d.campaign = sends.campaign AND d.send_id = sends.id
JOIN copies c ON c.delivery_id = d.id JOIN variants v ON v.id = c.variant_id
WHERE d.subscriber_id = :subscriber AND sends.id = :send"""
