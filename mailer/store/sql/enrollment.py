"""Subscribers whose address was confirmed just now, and their lists."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mailer.lists.membership import SuppressionReason
from mailer.store.sql.ids import next_id
from mailer.store.sql.rows import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from mailer.store.sql.database import SqlDatabase
    from mailer.store.sql.subscribers import SqlSubscribers
    from mailer.store.sql.suppressions import SqlSuppressions


class Enrollment:
    """Adds confirmed subscribers and their memberships, inside the caller's transaction."""

    def __init__(
        self, database: SqlDatabase, subscribers: SqlSubscribers, suppressions: SqlSuppressions
    ) -> None:
        self._db = database
        self._subscribers = subscribers
        self._suppressions = suppressions

    def enroll(self, email: str, source: str, now: datetime) -> int:
        """Return the id of an address that was confirmed just now; add a subscriber if there is none.

        The confirmation takes back an unsubscription or an erasure, and disproves a bounce.
        """
        self._suppressions.lift(email, SuppressionReason.UNSUBSCRIBED, SuppressionReason.BOUNCED)
        self._suppressions.remember(email)
        new = next_id(self._db, "subscribers")
        self._db.execute(_ENROLL, {"id": new, "email": email, "at": iso(now), "source": source})
        subscriber_id = self._subscribers.id_of(email)
        assert subscriber_id is not None
        return subscriber_id

    def subscribe(
        self, subscriber: int, list_ids: Iterable[int], how: str, now: datetime
    ) -> list[int]:
        """Subscribe to lists; return those that the subscriber was not on before."""
        memberships = [
            {"list": list_id, "subscriber": subscriber, "at": iso(now), "how": how}
            for list_id in list_ids
        ]
        return [
            row[0] for membership in memberships for row in self._db.rows(_SUBSCRIBE, membership)
        ]

    def subscribe_to(self, lists: Sequence[str], subscriber: int, how: str, now: datetime) -> None:
        """Subscribe to lists by name; make those that do not exist."""
        self._db.execute_many(_ADD_LIST, ({"name": name} for name in lists))
        ids = self._db.rows(_LIST_IDS, {"names": json.dumps(lists)})
        self.subscribe(subscriber, (list_id for (list_id,) in ids), how, now)


_LIST_IDS = "SELECT id FROM lists WHERE name IN (SELECT value FROM json_each(:names))"

_ENROLL = """
INSERT INTO subscribers (id, email, created, consent_source) VALUES (:id, :email, :at, :source)
ON CONFLICT (email) DO NOTHING"""

_SUBSCRIBE = """
INSERT INTO memberships (list_id, subscriber_id, status, since, how)
VALUES (:list, :subscriber, 'subscribed', :at, :how)
ON CONFLICT (list_id, subscriber_id) DO UPDATE
SET status = 'subscribed', since = excluded.since, how = excluded.how
WHERE memberships.status = 'unsubscribed' RETURNING list_id"""

_ADD_LIST = "INSERT INTO lists (name) VALUES (:name) ON CONFLICT (name) DO NOTHING"
