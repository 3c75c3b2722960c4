"""Web versions: each variant is kept once, and its values for each delivery."""

from __future__ import annotations

import json
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
        variants: dict[str, tuple[bytes, dict[int, str]]] = {}
        for result in results:
            if result.kept and result.state in _DELIVERED:
                _, values = variants.setdefault(result.kept.digest, (result.kept.content, {}))
                values[result.delivery_id] = result.kept.values
        for digest, (content, values) in variants.items():
            variant = {"digest": digest, "content": content, "delivery": next(iter(values))}
            self._db.execute_later(_ADD_VARIANT, [variant])
            rows = {"digest": digest, "values": json.dumps(values, ensure_ascii=False)}
            self._db.execute_later(_ADD_VALUES, [rows])


_ADD_VARIANT = """
INSERT INTO variants (send_id, digest, content)
SELECT send_id, :digest, :content FROM deliveries WHERE id = :delivery
ON CONFLICT (send_id, digest) DO NOTHING"""

# Nothing is kept of a person who was erased while the mail was in flight.
_ADD_VALUES = """
INSERT INTO copies (delivery_id, variant_id, slot_values)
SELECT d.id, v.id, r.value
FROM json_each(:values) r JOIN deliveries d ON d.id = CAST(r.key AS BIGINT)
JOIN variants v ON v.send_id = d.send_id AND v.digest = :digest
JOIN subscribers s ON s.id = d.subscriber_id
WHERE true
ON CONFLICT (delivery_id) DO UPDATE
SET variant_id = excluded.variant_id, slot_values = excluded.slot_values"""

_FIND = """
SELECT v.digest, v.content, c.slot_values
FROM sends JOIN deliveries d ON d.campaign = sends.campaign AND d.send_id = sends.id
JOIN copies c ON c.delivery_id = d.id JOIN variants v ON v.id = c.variant_id
WHERE d.subscriber_id = :subscriber AND sends.id = :send"""
