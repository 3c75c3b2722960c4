"""Web versions: each variant and each shared value is kept once, and the rest for each delivery."""

from __future__ import annotations

import json
from itertools import chain
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
        delivered = [(r.delivery_id, r.kept) for r in results if r.kept and r.state in _DELIVERED]
        if not delivered:
            return
        first = {"delivery": delivered[0][0]}
        variants = {kept.digest: kept.content for _, kept in delivered}
        shared = dict(chain.from_iterable([kept.shared.items() for _, kept in delivered]))
        values = {delivery_id: f"{kept.digest}{kept.values}" for delivery_id, kept in delivered}
        self._db.execute_later(
            _ADD_VARIANT,
            [{"digest": digest, "content": variants[digest], **first} for digest in variants],
        )
        if shared:
            self._db.execute_later(_ADD_SHARED, [{"contents": _json(shared), **first}])
        self._db.execute_later(_ADD_VALUES, [{"values": _json(values)}])


_json = json.JSONEncoder(ensure_ascii=False).encode

_ADD_VARIANT = """
INSERT INTO variants (send_id, digest, content)
SELECT send_id, :digest, :content FROM deliveries WHERE id = :delivery
ON CONFLICT (send_id, digest) DO NOTHING"""

_ADD_SHARED = """
INSERT INTO shared_values (send_id, digest, content)
SELECT d.send_id, r.key, r.value FROM json_each(:contents) r JOIN deliveries d ON d.id = :delivery
WHERE true
ON CONFLICT (send_id, digest) DO NOTHING"""

# Each value is the digest of a variant, and a JSON array: one statement for all the variants of a batch.
# Nothing is kept of a person who was erased while the mail was in flight.
_ADD_VALUES = """
INSERT INTO copies (delivery_id, variant_id, slot_values)
SELECT d.id, v.id, substr(r.value, instr(r.value, '['))
FROM json_each(:values) r JOIN deliveries d ON d.id = CAST(r.key AS BIGINT)
JOIN variants v ON v.send_id = d.send_id AND v.digest = substr(r.value, 1, instr(r.value, '[') - 1)
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
