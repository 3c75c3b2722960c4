"""Requests that have to be confirmed from a mailbox, in SQLite.

A request and the mail that asks for its confirmation are one row: neither is lost without the other.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from mailer.lists.membership import SuppressionReason
from mailer.lists.request import ConfirmationState, PendingRequest, RecipientRequest, RequestKind
from mailer.store.sqlite.rows import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from mailer.store.sqlite.database import SqliteDatabase
    from mailer.store.sqlite.subscribers import SqliteSubscribers
    from mailer.store.sqlite.suppressions import SqliteSuppressions
    from mailer.store.sqlite.unsubscribes import SqliteUnsubscribes

REFUSED = (SuppressionReason.COMPLAINED, SuppressionReason.MANUAL)
"""Suppressions that no form lifts: a complaint, and what staff have decided."""


class SqliteRequests:
    def __init__(
        self,
        database: SqliteDatabase,
        suppressions: SqliteSuppressions,
        subscribers: SqliteSubscribers,
        unsubscribes: SqliteUnsubscribes,
    ) -> None:
        self._db = database
        self._suppressions = suppressions
        self._subscribers = subscribers
        self._unsubscribes = unsubscribes

    def add(self, request: RecipientRequest, *, most: int, since: datetime, now: datetime) -> bool:
        asker = {
            "email": request.email,
            "subscriber": request.subscriber_id,
            "kind": request.kind,
            "since": iso(since),
        }
        with self._db.writing():
            if self._db.value(_NUMBER, asker) >= most or not self._is_welcome(request):
                return False
            self._queue(request, now)
        return True

    def _is_welcome(self, request: RecipientRequest) -> bool:
        if request.kind is RequestKind.LEAVE:
            return self._subscribers.id_of(request.email) is not None
        return not self._is_refused(request.email)

    def _is_refused(self, email: str) -> bool:
        return self._suppressions.reason(email) in REFUSED

    def _queue(self, request: RecipientRequest, now: datetime) -> None:
        self._db.execute(
            _ADD,
            {
                "kind": request.kind,
                "email": request.email,
                "subscriber": request.subscriber_id,
                "send": request.send_id,
                "move": request.move_id,
                "lists": json.dumps(request.lists),
                "details": json.dumps(dict(request.details)),
                "at": iso(now),
            },
        )

    def get(self, request_id: int) -> PendingRequest | None:
        row = self._db.row(_BY_ID, {"id": request_id})
        return _request(row) if row else None

    def forget(self, before: datetime) -> None:
        with self._db.writing():
            self._db.execute("DELETE FROM requests WHERE asked < :before", {"before": iso(before)})

    # ---------------------------------------------------------------- mail

    def next_mail(self, *, now: datetime, stale: datetime) -> PendingRequest | None:
        moment = {"at": iso(now), "stale": iso(stale)}
        # Looked for first without the write lock, which an idle server has no need of.
        if self._db.row(_NEXT_MAIL, moment) is None:
            return None
        with self._db.writing():
            row = self._db.row(_TAKE_MAIL, moment)
            return self.get(row[0]) if row else None

    def mail_ended(self, request_id: int, state: ConfirmationState, *, now: datetime) -> None:
        with self._db.writing():
            self._db.execute(_MAIL_ENDED, {"state": state, "at": iso(now), "id": request_id})

    # ---------------------------------------------------------------- confirmed

    def grant(self, request_id: int, *, keep: bool = False, now: datetime) -> PendingRequest | None:
        with self._db.writing():
            pending = self.get(request_id)
            if pending is None or pending.settled:
                return pending
            settled, departure = self._grant(pending, keep, now)
            self._db.execute(
                _SETTLE, {"settled": settled, "departure": departure, "id": request_id}
            )
            return self.get(request_id)

    def _grant(self, pending: PendingRequest, keep: bool, now: datetime) -> tuple[str, int]:
        """How it ended, and the departure it made."""
        match pending.wish.kind:
            case RequestKind.JOIN:
                return self._join(pending.wish, now), 0
            case RequestKind.MOVE:
                return self._move(pending, now)
            case RequestKind.LEAVE:
                return "done", self._leave(pending.wish, now)
            case RequestKind.SETTLE:
                return self._settle(pending.wish, keep, now), 0

    def _join(self, request: RecipientRequest, now: datetime) -> str:
        if self._is_refused(request.email):
            return "refused"
        subscriber = self._enroll(request.email, f"sign-up page, confirmed {iso(now)}", now)
        self._subscribers.update(subscriber, request.details, now=now)
        self._db.execute_many(_ADD_LIST, ({"name": name} for name in request.lists))
        ids = self._db.rows(_LIST_IDS, {"names": json.dumps(request.lists)})
        self._subscribe(subscriber, (list_id for (list_id,) in ids), "sign-up", now)
        return "done"

    def _leave(self, request: RecipientRequest, now: datetime) -> int:
        subscriber = self._subscribers.id_of(request.email)
        if subscriber is None:
            return 0
        lists = request.lists
        return self._unsubscribes.leave(
            subscriber, 0, everything=not lists, lists=lists, how="form", now=now
        )

    def _enroll(self, email: str, source: str, now: datetime) -> int:
        """The id of an address that was confirmed just now; a new subscriber if there is none.

        The confirmation takes back an unsubscription or an erasure, and disproves a bounce.
        """
        self._suppressions.lift(email, SuppressionReason.UNSUBSCRIBED, SuppressionReason.BOUNCED)
        self._suppressions.remember(email)
        self._db.execute(_ENROLL, {"email": email, "at": iso(now), "source": source})
        subscriber_id = self._subscribers.id_of(email)
        assert subscriber_id is not None
        return subscriber_id

    def _subscribe(
        self, subscriber: int, list_ids: Iterable[int], how: str, now: datetime
    ) -> list[int]:
        """Subscribe to lists; return those that the subscriber was not on before."""
        memberships = [
            {"list": list_id, "subscriber": subscriber, "at": iso(now), "how": how}
            for list_id in list_ids
        ]
        return [row[0] for each in memberships for row in self._db.rows(_SUBSCRIBE, each)]

    # ---------------------------------------------------------------- moves

    def _move(self, pending: PendingRequest, now: datetime) -> tuple[str, int]:
        """The subscriptions move; name, ZIP code and the rest stay until the old address agrees.

        A forwarded mail's link can ask for this, so it gives nothing away and can be taken back.
        """
        request = pending.wish
        old = self._subscribers.get(request.subscriber_id)
        if old is None or self._is_refused(request.email):
            return "refused", 0
        reachable = self._suppressions.find(old.email) is None
        active = self._db.rows(_ACTIVE, {"subscriber": old.id}) if reachable else []
        new = self._enroll(request.email, f"change of address, confirmed {iso(now)}", now)
        if new == old.id:
            return "done", 0
        joined = self._subscribe(new, (list_id for (list_id,) in active), "new address", now)
        self._db.execute(_REMEMBER_MOVE, {"from": old.id, "to": new})
        self._db.execute(_MOVE_PENDING, {"from": old.id, "to": new})
        departure = self._unsubscribes.leave_old_address(old.id, request.send_id, now)
        outcome = json.dumps({"to": new, "joined": joined})
        self._db.execute(_KEEP_OUTCOME, {"outcome": outcome, "id": pending.id})
        if reachable:
            settle = RecipientRequest(
                RequestKind.SETTLE, old.email, old.id, request.send_id, pending.id
            )
            self._queue(settle, now)
        return "done", departure

    def _settle(self, request: RecipientRequest, keep: bool, now: datetime) -> str:
        row = self._db.row(_OUTCOME, {"id": request.move_id})
        if row is None:
            return "refused"
        outcome = json.loads(row[0])
        new, old = outcome["to"], request.subscriber_id
        if not keep:
            self._db.execute(_COPY, {"from": old, "to": new})
            return "done"
        self._unsubscribes.undo(row[1], now=now)
        self._db.execute(_MOVE_PENDING, {"from": new, "to": old})
        joined = {"subscriber": new, "at": iso(now), "lists": json.dumps(outcome["joined"])}
        self._db.execute(_TAKE_BACK, joined)
        return "kept"


def _request(row: Sequence[Any]) -> PendingRequest:
    request_id, kind, email, subscriber, send, move, lists, details, asked, settled, departure = row
    request = RecipientRequest(
        RequestKind(kind),
        email,
        subscriber,
        send,
        move,
        tuple(json.loads(lists)),
        json.loads(details),
    )
    return PendingRequest(request_id, request, datetime.fromisoformat(asked), settled, departure)


_NUMBER = """
SELECT count(*) FROM requests
WHERE kind = :kind AND asked >= :since
    AND (email = :email OR (:subscriber > 0 AND subscriber_id = :subscriber))"""

_ADD = """
INSERT INTO requests (kind, email, subscriber_id, send_id, move_id, lists, details, asked)
VALUES (:kind, :email, :subscriber, :send, :move, :lists, :details, :at)"""

_BY_ID = """
SELECT id, kind, email, subscriber_id, send_id, move_id, lists, details, asked, settled,
    departure_id
FROM requests WHERE id = :id"""

_NEXT_MAIL = """
SELECT id FROM requests
WHERE mail = 'pending' OR (mail = 'sending' AND mail_changed < :stale) ORDER BY id LIMIT 1"""

_TAKE_MAIL = f"""
UPDATE requests SET mail = 'sending', mail_changed = :at WHERE id = ({_NEXT_MAIL}) RETURNING id"""

_LIST_IDS = "SELECT id FROM lists WHERE name IN (SELECT value FROM json_each(:names))"

_ENROLL = """
INSERT INTO subscribers (email, created, consent_source) VALUES (:email, :at, :source)
ON CONFLICT (email) DO NOTHING"""

_SUBSCRIBE = """
INSERT INTO memberships (list_id, subscriber_id, status, since, how)
VALUES (:list, :subscriber, 'subscribed', :at, :how)
ON CONFLICT (list_id, subscriber_id) DO UPDATE
SET status = 'subscribed', since = excluded.since, how = excluded.how
WHERE memberships.status = 'unsubscribed' RETURNING list_id"""

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

_COPY = """
UPDATE subscribers SET
    first_name = coalesce(nullif(subscribers.first_name, ''), o.first_name),
    last_name = coalesce(nullif(subscribers.last_name, ''), o.last_name),
    zip = CASE subscribers.zip WHEN '' THEN o.zip ELSE subscribers.zip END,
    city = CASE subscribers.zip WHEN '' THEN o.city ELSE subscribers.city END,
    state = CASE subscribers.zip WHEN '' THEN o.state ELSE subscribers.state END,
    county = CASE subscribers.zip WHEN '' THEN o.county ELSE subscribers.county END,
    timezone = CASE subscribers.zip WHEN '' THEN o.timezone ELSE subscribers.timezone END,
    fields = json_patch(o.fields, subscribers.fields),
    tags = (SELECT json_group_array(DISTINCT value) FROM (
        SELECT value FROM json_each(o.tags) UNION ALL SELECT value FROM json_each(subscribers.tags)))
FROM (SELECT * FROM subscribers WHERE id = :from) o WHERE subscribers.id = :to"""

_TAKE_BACK = """
UPDATE memberships SET status = 'unsubscribed', since = :at, how = 'move taken back'
WHERE subscriber_id = :subscriber AND status = 'subscribed'
    AND list_id IN (SELECT value FROM json_each(:lists))"""

_ADD_LIST = "INSERT INTO lists (name) VALUES (:name) ON CONFLICT (name) DO NOTHING"

_MAIL_ENDED = "UPDATE requests SET mail = :state, mail_changed = :at WHERE id = :id"

_SETTLE = "UPDATE requests SET settled = :settled, departure_id = :departure WHERE id = :id"

_KEEP_OUTCOME = "UPDATE requests SET outcome = :outcome WHERE id = :id"
