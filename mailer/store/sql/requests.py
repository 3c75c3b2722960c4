"""Requests that have to be confirmed from a mailbox.

A request and the mail that asks for its confirmation are one row: neither is lost without the other.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailer.lists import address
from mailer.lists.membership import SuppressionReason
from mailer.lists.request import (
    STRANGERS,
    ConfirmationState,
    PendingRequest,
    RecipientRequest,
    RequestKind,
)
from mailer.store.sql.address_moves import AddressMoves
from mailer.store.sql.enrollment import Enrollment
from mailer.store.sql.mail_queue import queue
from mailer.store.sql.rows import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from mailer.lists.request import Reader, RequestLimits
    from mailer.lists.subscriber import Subscriber
    from mailer.store.sql.database import SqlDatabase
    from mailer.store.sql.petitions import SqlPetitions
    from mailer.store.sql.subscribers import SqlSubscribers
    from mailer.store.sql.suppressions import SqlSuppressions
    from mailer.store.sql.unsubscribes import SqlUnsubscribes

REFUSED = (SuppressionReason.COMPLAINED, SuppressionReason.MANUAL)
"""Suppressions that no form lifts: a complaint, and what staff have decided."""


class SqlRequests:
    def __init__(
        self,
        database: SqlDatabase,
        suppressions: SqlSuppressions,
        subscribers: SqlSubscribers,
        unsubscribes: SqlUnsubscribes,
        *,
        petitions: SqlPetitions,
        address_hashes: Callable[[str], list[str]],
    ) -> None:
        self._db = database
        self._hashes = address_hashes
        self._suppressions = suppressions
        self._subscribers = subscribers
        self._unsubscribes = unsubscribes
        self._petitions = petitions
        self._enrollment = Enrollment(database, subscribers, suppressions)
        self._moves = AddressMoves(
            database, self._enrollment, subscribers, suppressions, unsubscribes
        )

    def add(self, request: RecipientRequest, *, limits: RequestLimits, now: datetime) -> bool:
        email = request.email
        asker = {
            "kind": request.kind,
            "mailbox": address.mailbox(email),
            "subscriber": request.subscriber_id,
            "domain": email.rpartition("@")[2],
            "day": iso(now - timedelta(days=1)),
            "hour": iso(now - timedelta(hours=1)),
        }
        with self._db.writing():
            if self._db.value(_NUMBER_OVERALL, asker) >= limits.overall:
                return False
            if self._db.value(_NUMBER_OF_DOMAIN, asker) >= limits.per_domain:
                return False
            if self._db.value(_NUMBER_OF_MAILBOX, asker) < limits.per_mailbox:
                queue(self._db, request, now)
        return True

    def change_details(
        self, reader: Reader, send_id: int, details: Mapping[str, str], *, now: datetime
    ) -> None:
        with self._db.writing():
            before = self._subscribers.get(reader.subscriber_id)
            if before is None:
                return
            old = {name: getattr(before, name) for name in details}
            changed = {name: value for name, value in old.items() if value != details[name]}
            self._subscribers.update(before.id, details, now=now)
            if changed:
                self._tell(before, send_id, changed, now)

    def _tell(
        self, before: Subscriber, send_id: int, old: Mapping[str, str], now: datetime
    ) -> None:
        """Mail the reader about a change of details, unless an unanswered mail does already."""
        row = self._db.row(_OPEN_RESTORE, {"subscriber": before.id})
        if row is None:
            restore = RecipientRequest(
                RequestKind.RESTORE, before.email, before.id, send_id, details=old
            )
            queue(self._db, restore, now)
        else:
            details = json.dumps({**old, **json.loads(row[1])})  # the oldest values stay
            self._db.execute(_SET_DETAILS, {"details": details, "id": row[0]})

    def _is_welcome(self, request: RecipientRequest) -> bool:
        """Whether the address gets the mail about a request."""
        if request.kind is RequestKind.RECEIPT:
            reason = self._suppressions.reason(request.email)
            unreachable = reason in {*REFUSED, SuppressionReason.BOUNCED}
            return not unreachable and not self._is_mailbox_blocked(request.email)
        if request.kind not in STRANGERS:
            return True
        if self._is_mailbox_blocked(request.email):
            return False
        if request.kind is RequestKind.LEAVE:
            return self._subscribers.id_of(request.email) is not None
        return not self._is_refused(request)

    def _is_refused(self, request: RecipientRequest) -> bool:
        """Whether the address, or for a MOVE the old one, does not allow what is requested."""
        closed = request.kind is RequestKind.MOVE and self.is_closed(
            request.subscriber_id, request.send_id
        )
        return closed or self._suppressions.reason(request.email) in REFUSED

    def is_closed(self, subscriber_id: int, send_id: int) -> bool:
        link = {"subscriber": subscriber_id, "send": send_id}
        return self._db.row(_CLOSED_LINK, link) is not None

    def block_mail(self, request_id: int, *, blocked: bool, now: datetime) -> None:
        request = self._wish(request_id)
        if request:
            for mark in self._marks(request.email)[: 1 if blocked else None]:
                statement = _BLOCK if blocked else _UNBLOCK
                with self._db.writing():
                    self._db.execute(statement, {"mailbox": mark, "at": iso(now)})

    def is_blocked(self, request_id: int) -> bool:
        request = self._wish(request_id)
        return request is not None and self._is_mailbox_blocked(request.email)

    def _wish(self, request_id: int) -> RecipientRequest | None:
        pending = self.get(request_id)
        return pending.wish if pending else None

    def _is_mailbox_blocked(self, email: str) -> bool:
        return any(self._db.row(_BLOCKED, {"mailbox": mark}) for mark in self._marks(email))

    def _marks(self, email: str) -> list[str]:
        """Keyed hashes of a mailbox: it is recognized without being kept."""
        return self._hashes(address.mailbox(email))

    def get(self, request_id: int) -> PendingRequest | None:
        row = self._db.row(_BY_ID, {"id": request_id})
        return self._with_effect(_request(row)) if row else None

    def _with_effect(self, pending: PendingRequest) -> PendingRequest:
        request = pending.wish
        lists = {"email": request.email, "lists": json.dumps(request.lists)}
        active = self._db.value(_ACTIVE_AMONG if request.lists else _ACTIVE_OF, lists)
        match request.kind:
            case RequestKind.LEAVE:
                in_effect = active == 0
            case RequestKind.JOIN:
                in_effect = active == len(request.lists)
            case RequestKind.MOVE:
                in_effect = active > 0
            case _:
                in_effect = pending.settled == "done" or active > 0
        return replace(pending, in_effect=in_effect)

    def forget(self, before: datetime, *, refused_before: datetime) -> None:
        limits = {"before": iso(before), "refused_before": iso(refused_before)}
        if self._db.row(_ANY_TO_FORGET, limits):
            with self._db.writing():
                self._db.execute(_FORGET, limits)

    # ---------------------------------------------------------------- mail

    def take_mails(self, most: int, *, now: datetime, stale: datetime) -> list[PendingRequest]:
        moment = {"at": iso(now), "stale": iso(stale), "most": most}
        # Looked for first without the write lock, which an idle server has no need of.
        if not self._db.rows(_NEXT_MAILS, moment):
            return []
        mails: list[PendingRequest] = []
        with self._db.writing():
            # all may be refused, while others wait behind them
            while not mails and (rows := self._db.rows(_TAKE_MAILS, moment)):
                for (request_id,) in sorted(rows):
                    pending = self.get(request_id)
                    if pending and self._is_welcome(pending.wish):
                        mails.append(pending)
                        if pending.wish.kind is RequestKind.SIGN:
                            self._petitions.expect(pending.wish, now)
                    else:
                        self._db.execute(_REFUSE, {"at": iso(now), "id": request_id})
        return mails

    def mails_ended(self, states: Mapping[int, ConfirmationState], *, now: datetime) -> None:
        at = iso(now)
        results = ({"state": state, "at": at, "id": id_} for id_, state in states.items())
        with self._db.writing():
            self._db.execute_many(_MAIL_ENDED, results)

    # ---------------------------------------------------------------- confirmed

    def grant(self, request_id: int, *, keep: bool = False, now: datetime) -> PendingRequest | None:
        with self._db.writing():
            pending = self.get(request_id)
            if pending is None or (pending.settled and pending.wish.kind is not RequestKind.LEAVE):
                return pending
            settled, departure = self._grant(pending, keep, now)
            self._db.execute(
                _SETTLE, {"settled": settled, "departure": departure, "id": request_id}
            )
            return self.get(request_id)

    def _grant(self, pending: PendingRequest, keep: bool, now: datetime) -> tuple[str, int]:
        """The result of a request, and its departure."""
        match pending.wish.kind:
            case RequestKind.JOIN:
                return self._join(pending.wish, now), 0
            case RequestKind.MOVE:
                if self._is_refused(pending.wish):
                    return "refused", 0
                return self._moves.move(pending, now)
            case RequestKind.LEAVE:
                return "done", self._leave(pending.wish, now) or pending.departure_id
            case RequestKind.SETTLE:
                return self._moves.settle(pending.wish, keep, now), 0
            case RequestKind.RESTORE:
                return self._moves.restore(pending.wish, keep, now), 0
            case RequestKind.SIGN:
                return self._sign(pending.wish, now), 0
            case RequestKind.RECEIPT:
                return "done", 0

    def _join(self, request: RecipientRequest, now: datetime) -> str:
        if self._is_refused(request):
            return "refused"
        subscriber = self._enrollment.enroll(
            request.email, f"sign-up page, confirmed {iso(now)}", now
        )
        self._subscribers.update(subscriber, request.details, now=now)
        self._enrollment.subscribe_to(request.lists, subscriber, "sign-up", now)
        return "done"

    def _sign(self, request: RecipientRequest, now: datetime) -> str:
        """Sign a petition; only the separate choice to join makes a subscriber."""
        subscriber = self._subscribers.id_of(request.email) or 0
        if self._is_refused(request) or not self._petitions.confirm(request, subscriber, now):
            return "refused"
        if request.lists:
            how = f"petition {request.details['petition']}"
            subscriber = self._enrollment.enroll(request.email, f"{how}, confirmed {iso(now)}", now)
            self._subscribers.update(subscriber, request.details, now=now)
            self._enrollment.subscribe_to(request.lists, subscriber, how, now)
        return "done"

    def _leave(self, request: RecipientRequest, now: datetime) -> int:
        subscriber = self._subscribers.id_of(request.email)
        if subscriber is None:
            return 0
        lists = request.lists
        return self._unsubscribes.leave(
            subscriber, 0, everything=not lists, lists=lists, how="form", now=now
        )


def _request(row: Sequence[Any]) -> PendingRequest:
    request_id, kind, email, subscriber, send, move, lists, details, created, settled, departure = (
        row
    )
    request = RecipientRequest(
        RequestKind(kind),
        email,
        subscriber,
        send,
        move,
        tuple(json.loads(lists)),
        json.loads(details),
    )
    return PendingRequest(request_id, request, datetime.fromisoformat(created), settled, departure)


_NUMBER_OF_MAILBOX = """
SELECT count(*) FROM requests
WHERE kind = :kind AND asked >= :day
    AND (mailbox = :mailbox OR (:subscriber > 0 AND subscriber_id = :subscriber))"""

_FROM_STRANGERS = "asked >= :hour AND kind IN ('join', 'move', 'leave', 'sign')"

_NUMBER_OF_DOMAIN = f"SELECT count(*) FROM requests WHERE {_FROM_STRANGERS} AND domain = :domain"

_NUMBER_OVERALL = f"SELECT count(*) FROM requests WHERE {_FROM_STRANGERS}"

_OPEN_RESTORE = """
SELECT id, details FROM requests
WHERE kind = 'restore' AND subscriber_id = :subscriber AND settled = ''
ORDER BY id DESC LIMIT 1"""

_SET_DETAILS = "UPDATE requests SET details = :details WHERE id = :id"

_CLOSED_LINK = """
SELECT 1 FROM requests
WHERE kind IN ('settle', 'restore') AND settled = 'kept'
    AND subscriber_id = :subscriber AND send_id = :send"""

_BLOCKED = "SELECT 1 FROM blocked_mailboxes WHERE mailbox = :mailbox"

_BLOCK = """
INSERT INTO blocked_mailboxes (mailbox, at) VALUES (:mailbox, :at) ON CONFLICT (mailbox) DO NOTHING"""

_UNBLOCK = "DELETE FROM blocked_mailboxes WHERE mailbox = :mailbox"

_OLD = """
(asked < :before AND settled <> 'kept') OR (asked < :refused_before AND mail = 'refused')"""

_ANY_TO_FORGET = f"SELECT 1 FROM requests WHERE {_OLD} LIMIT 1"

_FORGET = f"DELETE FROM requests WHERE {_OLD}"

_REFUSE = "UPDATE requests SET mail = 'refused', mail_changed = :at WHERE id = :id"

_ACTIVE_OF = """
SELECT count(*) FROM memberships m JOIN subscribers s ON s.id = m.subscriber_id
WHERE s.email = :email AND m.status = 'subscribed'
    AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address = s.email)"""

_ACTIVE_AMONG = f"""
{_ACTIVE_OF} AND m.list_id IN
    (SELECT id FROM lists WHERE name IN (SELECT value FROM json_each(:lists)))"""

_BY_ID = """
SELECT id, kind, email, subscriber_id, send_id, move_id, lists, details, asked, settled,
    departure_id
FROM requests WHERE id = :id"""

_NEXT_MAILS = """
SELECT id FROM requests
WHERE mail = 'pending' OR (mail = 'sending' AND mail_changed < :stale) ORDER BY id LIMIT :most"""

_TAKE_MAILS = f"""
UPDATE requests SET mail = 'sending', mail_changed = :at
WHERE id IN ({_NEXT_MAILS}) RETURNING id"""

_MAIL_ENDED = "UPDATE requests SET mail = :state, mail_changed = :at WHERE id = :id"

_SETTLE = "UPDATE requests SET settled = :settled, departure_id = :departure WHERE id = :id"
