"""What was asked for and has to be confirmed from a mailbox, in SQLite.

A request and the mail that asks for its confirmation are one row: neither is lost without the other.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from mailer.lists.membership import SuppressionReason
from mailer.lists.request import ConfirmationState, PendingRequest, RecipientRequest, RequestKind
from mailer.store.sqlite.imports import ERASED
from mailer.store.sqlite.unsubscribes import Departures, at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

REFUSED = (SuppressionReason.COMPLAINED, SuppressionReason.MANUAL)
"""Suppressions that no form lifts: a complaint, and what staff have decided."""


class Requests(Departures):
    """See `store.pages.Pages`: what has to be confirmed."""

    def ask(self, wish: RecipientRequest, *, most: int, since: datetime, now: datetime) -> bool:
        given = {"email": wish.email, "subscriber": wish.subscriber_id, "kind": wish.kind}
        with self.writing():
            (so_far,) = self.db.execute(_SO_FAR, given | {"since": at(since)}).fetchone()
            if so_far >= most or not self._is_welcome(wish):
                return False
            self._queue(wish, now)
        return True

    def _is_welcome(self, wish: RecipientRequest) -> bool:
        if wish.kind is RequestKind.LEAVE:
            return self._id_of(wish.email) is not None
        return not self._is_refused(wish.email)

    def _is_refused(self, email: str) -> bool:
        known = self._suppression(email)
        return known is not None and known[0] in REFUSED

    def _id_of(self, email: str) -> int | None:
        row = self.db.execute("SELECT id FROM subscribers WHERE email = ?", (email,)).fetchone()
        return row[0] if row else None

    def _queue(self, wish: RecipientRequest, now: datetime) -> None:
        self.db.execute(
            _ASK,
            (
                wish.kind,
                wish.email,
                wish.subscriber_id,
                wish.send_id,
                wish.move_id,
                json.dumps(wish.lists),
                json.dumps(dict(wish.details)),
                at(now),
            ),
        )

    def asked(self, asked_id: int) -> PendingRequest | None:
        row = self.db.execute(f"{_ASKED} WHERE id = ?", (asked_id,)).fetchone()
        return _asked(row) if row else None

    def forget_asked(self, before: datetime) -> None:
        with self.writing():
            self.db.execute("DELETE FROM requests WHERE asked < ?", (at(before),))

    # ---------------------------------------------------------------- mail

    def next_mail(self, *, now: datetime, stale: datetime) -> PendingRequest | None:
        given = {"at": at(now), "stale": at(stale)}
        # Looked for first without the write lock, which an idle server has no need of.
        if self.db.execute(_NEXT_MAIL, given).fetchone() is None:
            return None
        with self.writing():
            row = self.db.execute(_TAKE_MAIL, given).fetchone()
            return self.asked(row[0]) if row else None

    def mail_ended(self, asked_id: int, state: ConfirmationState, *, now: datetime) -> None:
        with self.writing():
            self.db.execute(
                "UPDATE requests SET mail = ?, mail_changed = ? WHERE id = ?",
                (state, at(now), asked_id),
            )

    # ---------------------------------------------------------------- confirmed

    def grant(self, asked_id: int, *, keep: bool = False, now: datetime) -> PendingRequest | None:
        with self.writing():
            found = self.asked(asked_id)
            if found is None or found.settled:
                return found
            settled, departure = self._grant(found, keep, now)
            self.db.execute(
                "UPDATE requests SET settled = ?, departure_id = ? WHERE id = ?",
                (settled, departure, asked_id),
            )
            return self.asked(asked_id)

    def _grant(self, found: PendingRequest, keep: bool, now: datetime) -> tuple[str, int]:
        """How it ended, and the departure it made."""
        match found.wish.kind:
            case RequestKind.JOIN:
                return self._join(found.wish, now), 0
            case RequestKind.MOVE:
                return self._move(found, now)
            case RequestKind.LEAVE:
                return "done", self._leave(found.wish, now)
            case RequestKind.SETTLE:
                return self._settle(found.wish, keep, now), 0

    def _join(self, wish: RecipientRequest, now: datetime) -> str:
        if self._is_refused(wish.email):
            return "refused"
        subscriber = self._enrol(wish.email, f"sign-up page, confirmed {at(now)}", now)
        self.update(subscriber, wish.details, now=now)
        for name in wish.lists:
            self.db.execute("INSERT OR IGNORE INTO lists (name) VALUES (?)", (name,))
        ids = self.db.execute(_LIST_IDS, (json.dumps(wish.lists),)).fetchall()
        self._subscribe(subscriber, (list_id for (list_id,) in ids), "sign-up", now)
        return "done"

    def _leave(self, wish: RecipientRequest, now: datetime) -> int:
        subscriber = self._id_of(wish.email)
        if subscriber is None:
            return 0
        everything = not wish.lists
        return self.leave(
            subscriber, 0, everything=everything, lists=wish.lists, how="form", now=now
        )

    def _enrol(self, email: str, source: str, now: datetime) -> int:
        """The subscriber of an address that was confirmed just now, made when there is none.

        Whoever reads mail there has taken back that they left or wanted to be forgotten, and
        disproved a bounce.
        """
        self._lift(email, SuppressionReason.UNSUBSCRIBED, SuppressionReason.BOUNCED)
        for digest in self.hashes(email):
            self._lift(ERASED + digest, SuppressionReason.ERASED)
        self.db.execute(_ENROL, (email, at(now), source))
        found = self._id_of(email)
        assert found is not None
        return found

    def _subscribe(
        self, subscriber: int, list_ids: Iterable[int], how: str, now: datetime
    ) -> list[int]:
        """The lists that the subscriber was not on before."""
        given = [(list_id, subscriber, at(now), how) for list_id in list_ids]
        return [row[0] for one in given for row in self.db.execute(_SUBSCRIBE, one).fetchall()]

    # ---------------------------------------------------------------- moves

    def _move(self, found: PendingRequest, now: datetime) -> tuple[str, int]:
        """The subscriptions move; name, ZIP code and the rest stay until the old address agrees.

        A forwarded mail's link can ask for this, so it gives nothing away and can be taken back.
        """
        wish = found.wish
        old = self.subscriber(wish.subscriber_id)
        if old is None or self._is_refused(wish.email):
            return "refused", 0
        reachable = self._suppression(old.email) is None
        active = self.db.execute(_ACTIVE, (old.id,)).fetchall() if reachable else []
        new = self._enrol(wish.email, f"change of address, confirmed {at(now)}", now)
        if new == old.id:
            return "done", 0
        joined = self._subscribe(new, (list_id for (list_id,) in active), "new address", now)
        self.db.execute(_REMEMBER_MOVE, {"from": old.id, "to": new})
        self.db.execute(_MOVE_PENDING, {"from": old.id, "to": new})
        departure = self._leave_for(old.id, wish.send_id, now)
        outcome = json.dumps({"to": new, "joined": joined})
        self.db.execute("UPDATE requests SET outcome = ? WHERE id = ?", (outcome, found.id))
        if reachable:
            self._queue(
                RecipientRequest(RequestKind.SETTLE, old.email, old.id, wish.send_id, found.id), now
            )
        return "done", departure

    def _leave_for(self, subscriber: int, send_id: int, now: datetime) -> int:
        given = {"subscriber": subscriber, "how": "new address", "at": at(now)}
        left = self.db.execute(_LEAVE_ALL, given).fetchall()
        lists = json.dumps([list_id for (list_id,) in left])
        given |= {"send": send_id, "lists": lists}
        row: tuple[int] = self.db.execute(_DEPART, given).fetchone()
        return row[0]

    def _settle(self, wish: RecipientRequest, keep: bool, now: datetime) -> str:
        row = self.db.execute(_OUTCOME, (wish.move_id,)).fetchone()
        outcome = json.loads(row[0]) if row else {}
        if not outcome:
            return "refused"
        new, old = outcome["to"], wish.subscriber_id
        if not keep:
            self.db.execute(_COPY, {"from": old, "to": new})
            return "done"
        self.undo(row[1], now=now)
        self.db.execute(_MOVE_PENDING, {"from": new, "to": old})
        given = {"subscriber": new, "at": at(now), "lists": json.dumps(outcome["joined"])}
        self.db.execute(_TAKE_BACK, given)
        return "kept"


def _asked(row: Sequence[Any]) -> PendingRequest:
    asked_id, kind, email, subscriber, send, move, lists, details, asked, settled, departure = row
    wish = RecipientRequest(
        RequestKind(kind),
        email,
        subscriber,
        send,
        move,
        tuple(json.loads(lists)),
        json.loads(details),
    )
    return PendingRequest(asked_id, wish, datetime.fromisoformat(asked), settled, departure)


_SO_FAR = """
SELECT count(*) FROM requests
WHERE kind = :kind AND asked >= :since
    AND (email = :email OR (:subscriber > 0 AND subscriber_id = :subscriber))"""

_ASK = """
INSERT INTO requests (kind, email, subscriber_id, send_id, move_id, lists, details, asked)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""

_ASKED = """
SELECT id, kind, email, subscriber_id, send_id, move_id, lists, details, asked, settled,
    departure_id
FROM requests"""

_NEXT_MAIL = """
SELECT id FROM requests
WHERE mail = 'pending' OR (mail = 'sending' AND mail_changed < :stale) ORDER BY id LIMIT 1"""

_TAKE_MAIL = f"""
UPDATE requests SET mail = 'sending', mail_changed = :at WHERE id = ({_NEXT_MAIL}) RETURNING id"""

_LIST_IDS = "SELECT id FROM lists WHERE name IN (SELECT value FROM json_each(?))"

_ENROL = """
INSERT INTO subscribers (email, created, consent_source) VALUES (?, ?, ?)
ON CONFLICT (email) DO NOTHING"""

_SUBSCRIBE = """
INSERT INTO memberships (list_id, subscriber_id, status, since, how)
VALUES (?, ?, 'subscribed', ?, ?)
ON CONFLICT (list_id, subscriber_id) DO UPDATE
SET status = 'subscribed', since = excluded.since, how = excluded.how
WHERE status = 'unsubscribed' RETURNING list_id"""

_ACTIVE = "SELECT list_id FROM memberships WHERE subscriber_id = ? AND status = 'subscribed'"

_REMEMBER_MOVE = """
INSERT OR IGNORE INTO moves (subscriber_id, formerly)
SELECT :to, :from UNION SELECT :to, formerly FROM moves WHERE subscriber_id = :from"""

# Whoever moves in the middle of a send still gets it, once.
_MOVE_PENDING = """
UPDATE OR IGNORE deliveries SET subscriber_id = :to
WHERE subscriber_id = :from AND state = 'pending' AND campaign IN (SELECT campaign FROM sends)"""

_LEAVE_ALL = """
UPDATE memberships SET status = 'unsubscribed', since = :at, how = :how
WHERE subscriber_id = :subscriber AND status = 'subscribed' RETURNING list_id"""

_DEPART = """
INSERT INTO departures (subscriber_id, send_id, how, at, lists)
VALUES (:subscriber, :send, :how, :at, :lists) RETURNING id"""

_OUTCOME = """
SELECT outcome, departure_id FROM requests WHERE id = ? AND outcome <> '{}'"""

_COPY = """
UPDATE subscribers SET
    first_name = coalesce(nullif(subscribers.first_name, ''), o.first_name),
    last_name = coalesce(nullif(subscribers.last_name, ''), o.last_name),
    zip = iif(subscribers.zip <> '', subscribers.zip, o.zip),
    city = iif(subscribers.zip <> '', subscribers.city, o.city),
    state = iif(subscribers.zip <> '', subscribers.state, o.state),
    county = iif(subscribers.zip <> '', subscribers.county, o.county),
    timezone = iif(subscribers.zip <> '', subscribers.timezone, o.timezone),
    fields = json_patch(o.fields, subscribers.fields),
    tags = (SELECT json_group_array(DISTINCT value) FROM (
        SELECT value FROM json_each(o.tags) UNION ALL SELECT value FROM json_each(subscribers.tags)))
FROM (SELECT * FROM subscribers WHERE id = :from) o WHERE subscribers.id = :to"""

_TAKE_BACK = """
UPDATE memberships SET status = 'unsubscribed', since = :at, how = 'move taken back'
WHERE subscriber_id = :subscriber AND status = 'subscribed'
    AND list_id IN (SELECT value FROM json_each(:lists))"""
