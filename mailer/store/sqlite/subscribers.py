"""Lists, subscribers and suppressions, in SQLite."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mailer.lists.membership import History, ListSummary, Membership, SuppressionReason
from mailer.store.sqlite import rows
from mailer.store.sqlite.imports import ERASED, Imports
from mailer.store.sqlite.rows import PAGE, SUBSCRIBER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import Any

    from mailer.lists.subscriber import Subscriber


class Subscribers(Imports):
    """See `store.base.Store`: the part about lists and subscribers."""

    # ---------------------------------------------------------------- reading

    def lists(self) -> list[ListSummary]:
        return [ListSummary(*row) for row in self.db.execute(_LISTS).fetchall()]

    def members(
        self, list_name: str
    ) -> Iterator[tuple[Subscriber, Membership, SuppressionReason | None]]:
        for row in self._pages(_MEMBERS, list_name):
            *_, status, since, how, reason = row
            yield (
                rows.subscriber(row),
                Membership(list_name, status, since, how),
                SuppressionReason(reason) if reason else None,
            )

    def audience(self, list_name: str) -> Iterator[Subscriber]:
        return map(rows.subscriber, self._pages(_AUDIENCE, list_name))

    def _pages(self, query: str, list_name: str) -> Iterator[Any]:
        last = 0
        while True:
            given = {"list": list_name, "last": last, "page": PAGE}
            page = self.db.execute(query, given).fetchall()
            yield from page
            if len(page) < PAGE:
                return
            last = page[-1][0]

    def field_names(self) -> frozenset[str]:
        return frozenset(name for (name,) in self.db.execute("SELECT name FROM field_names"))

    def history(self, email: str) -> History | None:
        row = self.db.execute(_SUBSCRIBER, (email,)).fetchone()
        suppression = self._suppression(email)
        if row is None and suppression is None:
            return None
        *_, created, source = row or ("", "")
        found = rows.subscriber(row) if row else None
        return History(
            found,
            created,
            source,
            tuple(Membership(*m) for m in self._of(_MEMBERSHIPS, found)),
            SuppressionReason(suppression[0]) if suppression else None,
            suppression[1] if suppression else "",
            tuple(dict(zip(_DELIVERY, d, strict=True)) for d in self._of(_DELIVERIES, found)),
            tuple(dict(zip(_EVENT, e, strict=True)) for e in self._of(_EVENTS, found)),
        )

    def _of(self, query: str, subscriber: Subscriber | None) -> list[Any]:
        return self.db.execute(query, (subscriber.id,)).fetchall() if subscriber else []

    def _suppression(self, email: str) -> tuple[str, str] | None:
        """Reason and time, found under the address or under its hash after an erasure."""
        addresses = json.dumps([email, *(ERASED + digest for digest in self.hashes(email))])
        row: tuple[str, str] | None = self.db.execute(_SUPPRESSION, (addresses,)).fetchone()
        return row

    # ---------------------------------------------------------------- changing

    def unsubscribe(self, list_name: str, email: str, *, how: str, now: datetime) -> bool:
        given = {"list": list_name, "email": email, "how": how, "at": _at(now)}
        with self.writing():
            return self.db.execute(_UNSUBSCRIBE, given).rowcount == 1

    def suppress(
        self, email: str, reason: SuppressionReason, *, detail: str, now: datetime
    ) -> None:
        with self.writing():
            known = self._suppression(email)
            if known is None or known[0] != SuppressionReason.ERASED:
                self.db.execute(_SUPPRESS, (email, reason, detail, _at(now)))

    def erase(self, email: str, *, now: datetime) -> bool:
        # What is deleted is overwritten, in the file and in its log.
        self.db.execute("PRAGMA secure_delete = ON")
        with self.writing():
            row = self.db.execute("SELECT id FROM subscribers WHERE email = ?", (email,)).fetchone()
            known = self._suppression(email)
            if row is None and (known is None or known[0] == SuppressionReason.ERASED):
                return False
            if row is not None:
                for statement in _ERASE:
                    self.db.execute(statement, {"id": row[0], "at": _at(now)})
            self.db.execute("DELETE FROM suppressions WHERE address = ?", (email,))
            self.db.execute(_FORGET_EVENTS, {"id": row[0] if row else -1, "email": email})
            digest = ERASED + self.hashes(email)[0]
            self.db.execute(_SUPPRESS, (digest, SuppressionReason.ERASED, "", _at(now)))
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return True


def _at(now: datetime) -> str:
    return now.isoformat(timespec="seconds")


_LISTS = """
SELECT name,
    (SELECT count(*) FROM memberships m WHERE m.list_id = lists.id AND status = 'subscribed'),
    (SELECT count(*) FROM memberships m WHERE m.list_id = lists.id AND status = 'unsubscribed'),
    (SELECT count(*) FROM suppressions x JOIN subscribers s ON s.email = x.address
        JOIN memberships m ON m.list_id = lists.id AND m.subscriber_id = s.id
        WHERE m.status = 'subscribed')
FROM lists ORDER BY name"""

_MEMBERS = f"""
SELECT {SUBSCRIBER}, m.status, m.since, m.how, x.reason
FROM memberships m JOIN subscribers s ON s.id = m.subscriber_id
LEFT JOIN suppressions x ON x.address = s.email
WHERE m.list_id = (SELECT id FROM lists WHERE name = :list) AND m.subscriber_id > :last
ORDER BY m.subscriber_id LIMIT :page"""

_AUDIENCE = f"""
SELECT {SUBSCRIBER}
FROM memberships m JOIN subscribers s ON s.id = m.subscriber_id
WHERE m.list_id = (SELECT id FROM lists WHERE name = :list) AND m.subscriber_id > :last
    AND m.status = 'subscribed'
    AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address = s.email)
ORDER BY m.subscriber_id LIMIT :page"""

_SUBSCRIBER = (
    f"SELECT {SUBSCRIBER}, s.created, s.consent_source FROM subscribers s WHERE s.email = ?"
)

_MEMBERSHIPS = """
SELECT lists.name, m.status, m.since, m.how
FROM lists JOIN memberships m ON m.list_id = lists.id AND m.subscriber_id = ? ORDER BY lists.name"""

_DELIVERY = ("campaign", "list", "state", "at", "message_id")

_DELIVERIES = """
SELECT d.campaign, lists.name, d.state, d.changed, d.message_id
FROM deliveries d JOIN sends ON sends.id = d.send_id JOIN lists ON lists.id = sends.list_id
WHERE d.subscriber_id = ? ORDER BY d.id"""

_EVENT = ("kind", "at", "type", "subtype", "status", "diagnostic")

_EVENTS = f"""
SELECT {", ".join(_EVENT)} FROM events WHERE subscriber_id = ? ORDER BY at, id"""

_SUPPRESSION = """
SELECT reason, created FROM suppressions WHERE address IN (SELECT value FROM json_each(?))"""

_UNSUBSCRIBE = """
UPDATE memberships SET status = 'unsubscribed', since = :at, how = :how
WHERE list_id = (SELECT id FROM lists WHERE name = :list)
    AND subscriber_id = (SELECT id FROM subscribers WHERE email = :email)
    AND status = 'subscribed'"""

# The first reason stands, but for one a person can take back: that gives way to any other.
_SUPPRESS = """
INSERT INTO suppressions (address, reason, detail, created) VALUES (?, ?, ?, ?)
ON CONFLICT (address) DO UPDATE
SET reason = excluded.reason, detail = excluded.detail, created = excluded.created
WHERE reason = 'unsubscribed' AND excluded.reason <> 'unsubscribed'"""

# A provider's answer may quote the address. What is being sent at this moment keeps its state.
_ERASE = (
    """UPDATE deliveries SET state = 'skipped', detail = 'erased', changed = :at
        WHERE subscriber_id = :id AND state = 'pending'""",
    """UPDATE deliveries SET detail = '', message_id = ''
        WHERE subscriber_id = :id AND state NOT IN ('pending', 'sending', 'skipped')""",
    "DELETE FROM memberships WHERE subscriber_id = :id",
    "DELETE FROM subscribers WHERE id = :id",
)

# What happened is counted, to whom is forgotten. Mail that is in no send may have gone to several.
_FORGET_EVENTS = """
UPDATE events SET message_id = '', diagnostic = '', domain = '', raw = ''
WHERE subscriber_id = :id OR (send_id = 0 AND instr(lower(raw), :email) > 0)"""
