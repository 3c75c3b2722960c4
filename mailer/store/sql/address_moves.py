"""Changes of address that were confirmed, and what the old address answers to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mailer.lists.request import RecipientRequest, RequestKind
from mailer.store.sql.mail_queue import queue
from mailer.store.sql.rows import iso, union_of_tags

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.lists.request import PendingRequest
    from mailer.store.sql.database import SqlDatabase
    from mailer.store.sql.enrollment import Enrollment
    from mailer.store.sql.subscribers import SqlSubscribers
    from mailer.store.sql.suppressions import SqlSuppressions
    from mailer.store.sql.unsubscribes import SqlUnsubscribes


class AddressMoves:
    """Moves subscriptions between two addresses of a person, inside the caller's transaction."""

    def __init__(
        self,
        database: SqlDatabase,
        enrollment: Enrollment,
        subscribers: SqlSubscribers,
        suppressions: SqlSuppressions,
        unsubscribes: SqlUnsubscribes,
    ) -> None:
        self._db = database
        self._enrollment = enrollment
        self._subscribers = subscribers
        self._suppressions = suppressions
        self._unsubscribes = unsubscribes

    def move(self, pending: PendingRequest, now: datetime) -> tuple[str, int]:
        """Move the subscriptions; name, ZIP code and the rest stay until the old address agrees.

        A forwarded mail's link can ask for this, so it gives nothing away and can be taken back.
        """
        request = pending.wish
        old = self._subscribers.get(request.subscriber_id)
        if old is None:
            return "refused", 0
        reachable = self._suppressions.find(old.email) is None
        active = self._db.rows(_ACTIVE, {"subscriber": old.id}) if reachable else []
        new = self._enrollment.enroll(
            request.email, f"change of address, confirmed {iso(now)}", now
        )
        if new == old.id:
            return "done", 0
        joined = self._enrollment.subscribe(
            new, (list_id for (list_id,) in active), "new address", now
        )
        self._db.execute(_REMEMBER_MOVE, {"from": old.id, "to": new})
        self._db.execute(_MOVE_PENDING, {"from": old.id, "to": new})
        departure = self._unsubscribes.leave_old_address(old.id, request.send_id, now)
        outcome = json.dumps({"to": new, "joined": joined})
        self._db.execute(_KEEP_OUTCOME, {"outcome": outcome, "id": pending.id})
        if reachable:
            settle = RecipientRequest(
                RequestKind.SETTLE, old.email, old.id, request.send_id, pending.id
            )
            queue(self._db, settle, now)
        return "done", departure

    def settle(self, request: RecipientRequest, keep: bool, now: datetime) -> str:
        """Copy name, ZIP code and the rest to the new address, or with `keep` take the move back."""
        row = self._db.row(_OUTCOME, {"id": request.move_id})
        if row is None:
            return "refused"
        outcome = json.loads(row[0])
        new, old = outcome["to"], request.subscriber_id
        if not keep:
            self._db.execute(_COPY, {"from": old, "to": new})
            return "done"
        self._unsubscribes.rejoin(row[1], now=now)
        self._end(old, new)
        self._db.execute(_MOVE_PENDING, {"from": new, "to": old})
        joined = {"subscriber": new, "at": iso(now), "lists": json.dumps(outcome["joined"])}
        self._db.execute(_TAKE_BACK, joined)
        return "kept"

    def restore(self, request: RecipientRequest, keep: bool, now: datetime) -> str:
        """With `keep`, put changed details back as they were and end every open move."""
        if not keep:
            return "done"
        self._subscribers.update(request.subscriber_id, request.details, now=now)
        self._end(request.subscriber_id)
        return "kept"

    def _end(self, *subscriber_ids: int) -> None:
        """Refuse every change of address that still waits to be confirmed."""
        self._db.execute_many(
            _END_MOVES, ({"subscriber": subscriber_id} for subscriber_id in subscriber_ids)
        )


_END_MOVES = """
UPDATE requests SET settled = 'refused'
WHERE kind = 'move' AND subscriber_id = :subscriber AND settled = ''"""

_ACTIVE = """
SELECT list_id FROM memberships WHERE subscriber_id = :subscriber AND status = 'subscribed'"""

_REMEMBER_MOVE = """
INSERT INTO moves (subscriber_id, formerly)
SELECT :to, :from UNION SELECT :to, formerly FROM moves WHERE subscriber_id = :from
ON CONFLICT (subscriber_id, formerly) DO NOTHING"""

# A person who moves in the middle of a send still gets it, once.
_MOVE_PENDING = """
UPDATE deliveries SET subscriber_id = :to
WHERE subscriber_id = :from AND state = 'pending' AND campaign IN (SELECT campaign FROM sends)
    AND NOT EXISTS (SELECT 1 FROM deliveries d
        WHERE d.campaign = deliveries.campaign AND d.subscriber_id = :to)"""

_OUTCOME = """
SELECT outcome, departure_id FROM requests WHERE id = :id AND outcome <> '{}'"""

_COPY = f"""
UPDATE subscribers SET
    first_name = coalesce(nullif(subscribers.first_name, ''), o.first_name),
    last_name = coalesce(nullif(subscribers.last_name, ''), o.last_name),
    zip = CASE subscribers.zip WHEN '' THEN o.zip ELSE subscribers.zip END,
    city = CASE subscribers.zip WHEN '' THEN o.city ELSE subscribers.city END,
    state = CASE subscribers.zip WHEN '' THEN o.state ELSE subscribers.state END,
    county = CASE subscribers.zip WHEN '' THEN o.county ELSE subscribers.county END,
    timezone = CASE subscribers.zip WHEN '' THEN o.timezone ELSE subscribers.timezone END,
    fields = json_patch(o.fields, subscribers.fields),
    tags = {union_of_tags("o.tags", "subscribers.tags")}
FROM (SELECT * FROM subscribers WHERE id = :from) o WHERE subscribers.id = :to"""

_TAKE_BACK = """
UPDATE memberships SET status = 'unsubscribed', since = :at, how = 'move taken back'
WHERE subscriber_id = :subscriber AND status = 'subscribed'
    AND list_id IN (SELECT CAST(value AS BIGINT) FROM json_each(:lists))"""

_KEEP_OUTCOME = "UPDATE requests SET outcome = :outcome WHERE id = :id"
