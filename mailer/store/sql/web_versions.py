"""Web versions: each variant and each shared value is kept once, and the rest for each delivery."""

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
        if row is None:
            return None
        digest, content, values, email = row
        references = [value["is"] for value in json.loads(values) if isinstance(value, dict)]
        shared = {"send": send_id, "digests": json.dumps(references)}
        return StoredMessage(digest, content, values, dict(self._db.rows(_SHARED, shared)), email)

    def add(self, results: Iterable[Result]) -> None:
        """Keep what was delivered. Called inside the transaction that records it."""
        variants: dict[str, tuple[StoredMessage, dict[int, str], dict[str, str]]] = {}
        for result in results:
            kept = result.kept
            if kept and result.state in _DELIVERED:
                _, values, shared = variants.setdefault(kept.digest, (kept, {}, {}))
                values[result.delivery_id] = kept.values
                shared.update(kept.shared)
        for digest, (kept, values, shared) in variants.items():
            delivery = next(iter(values))
            variant = {"digest": digest, "content": kept.content, "delivery": delivery}
            self._db.execute_later(_ADD_VARIANT, [variant])
            if shared:
                contents = json.dumps(shared, ensure_ascii=False)
                self._db.execute_later(_ADD_SHARED, [{"contents": contents, "delivery": delivery}])
            rows = {"digest": digest, "values": json.dumps(values, ensure_ascii=False)}
            self._db.execute_later(_ADD_VALUES, [rows])


_ADD_VARIANT = """
INSERT INTO variants (send_id, digest, content)
SELECT send_id, :digest, :content FROM deliveries WHERE id = :delivery
ON CONFLICT (send_id, digest) DO NOTHING"""

_ADD_SHARED = """
INSERT INTO shared_values (send_id, digest, content)
SELECT d.send_id, r.key, r.value FROM json_each(:contents) r JOIN deliveries d ON d.id = :delivery
WHERE true
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
SELECT v.digest, v.content, c.slot_values, s.email
FROM sends JOIN deliveries d ON d.campaign = sends.campaign AND d.send_id = sends.id
JOIN copies c ON c.delivery_id = d.id JOIN variants v ON v.id = c.variant_id
JOIN subscribers s ON s.id = d.subscriber_id
WHERE d.subscriber_id = :subscriber AND sends.id = :send"""

_SHARED = """
SELECT digest, content FROM shared_values
WHERE send_id = :send AND digest IN (SELECT value FROM json_each(:digests))"""
