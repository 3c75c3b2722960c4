"""Leaving by a link, taking it back, correcting one's details: the recipients' side, in SQLite.

A departure remembers what it changed, so that undoing it changes that and no more.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.lists.membership import SuppressionReason
from mailer.lists.request import Reader
from mailer.lists.subscriber import COLUMNS
from mailer.store.sqlite import rows
from mailer.store.sqlite.subscribers import Subscribers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from mailer.lists.subscriber import Subscriber

UNDO = timedelta(hours=24)


class Departures(Subscribers):
    """See `store.pages.Pages`: what a personal link can do."""

    def reader(self, subscriber_id: int, send_id: int) -> Reader | None:
        row = self.db.execute(_READER, {"subscriber": subscriber_id, "send": send_id}).fetchone()
        return _reader(row) if row else None

    def subscriber(self, subscriber_id: int) -> Subscriber | None:
        row = self.db.execute(_SUBSCRIBER, (subscriber_id,)).fetchone()
        return rows.subscriber(row) if row else None

    # ---------------------------------------------------------------- leaving

    def leave(
        self,
        subscriber_id: int,
        send_id: int,
        *,
        everything: bool = False,
        lists: Sequence[str] = (),
        how: str,
        now: datetime,
    ) -> int:
        given = {
            "subscriber": subscriber_id,
            "send": send_id,
            "how": how,
            "at": at(now),
            "lists": json.dumps(lists),
        }
        which = _LEAVE_EVERYTHING if everything else _LEAVE_LISTS if lists else _LEAVE_LIST
        with self.writing():
            left = [list_id for (list_id,) in self.db.execute(which, given).fetchall()]
            suppressed = self._suppress_leaver(given) if everything else ""
            if not left and not suppressed:
                given["since"] = at(now - UNDO)
                last = self.db.execute(_LAST_DEPARTURE, given).fetchone()
                return int(last[0]) if last else 0
            given |= {"left": json.dumps(left), "suppressed": suppressed}
            row: tuple[int] = self.db.execute(_DEPART, given).fetchone()
        return row[0]

    def _suppress_leaver(self, given: dict[str, Any]) -> str:
        """The address, when this is what suppressed it."""
        row = self.db.execute(_SUPPRESS_LEAVER, given).fetchone()
        return str(row[0]) if row else ""

    def undo(self, departure_id: int, *, now: datetime) -> Reader | None:
        given = {"id": departure_id, "at": at(now)}
        with self.writing():
            row = self.db.execute(_UNDO, given).fetchone()
            if row:
                self.db.execute(_REJOIN, given)
                if row[0]:
                    self._lift(row[0], SuppressionReason.UNSUBSCRIBED)
        return self.departed(departure_id)

    def _lift(self, email: str, *reasons: SuppressionReason) -> None:
        self.db.execute(
            "DELETE FROM suppressions WHERE address = ? AND reason IN (SELECT value FROM json_each(?))",
            (email, json.dumps(reasons)),
        )

    def give_reason(self, departure_id: int, reason: str) -> Reader | None:
        with self.writing():
            self.db.execute("UPDATE departures SET reason = ? WHERE id = ?", (reason, departure_id))
        return self.departed(departure_id)

    def departed(self, departure_id: int) -> Reader | None:
        row = self.db.execute(_DEPARTED, (departure_id,)).fetchone()
        return _reader(row) if row else None

    # ---------------------------------------------------------------- details

    def update(self, subscriber_id: int, details: Mapping[str, str], *, now: datetime) -> bool:
        del now  # when a detail was set is not kept
        names = [name for name in COLUMNS[1:] if name in details]
        values = [details[name] for name in names]
        setting = ", ".join(f"{name} = ?" for name in names) or "email = email"
        with self.writing():
            found = self.db.execute(
                f"UPDATE subscribers SET {setting} WHERE id = ?", (*values, subscriber_id)
            )
        return found.rowcount == 1


def at(now: datetime) -> str:
    return now.isoformat(timespec="seconds")


def _reader(row: Sequence[Any]) -> Reader:
    subscriber_id, email, list_name, campaign, subscribed = row
    return Reader(subscriber_id, email or "", list_name or "", campaign or "", bool(subscribed))


_SUBSCRIBER = f"""
SELECT {rows.SUBSCRIBER} FROM subscribers s WHERE s.id = ?"""

_SUBSCRIBED = """m.status IS 'subscribed'
    AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address = s.email)"""

_READER = f"""
SELECT :subscriber, s.email, lists.name, sends.campaign, {_SUBSCRIBED}
FROM sends JOIN lists ON lists.id = sends.list_id
LEFT JOIN subscribers s ON s.id = :subscriber
LEFT JOIN memberships m ON m.list_id = sends.list_id AND m.subscriber_id = s.id
WHERE sends.id = :send"""

_DEPARTED = f"""
SELECT d.subscriber_id, s.email, lists.name, sends.campaign, {_SUBSCRIBED}
FROM departures d LEFT JOIN sends ON sends.id = d.send_id
LEFT JOIN lists ON lists.id = sends.list_id
LEFT JOIN subscribers s ON s.id = d.subscriber_id
LEFT JOIN memberships m ON m.list_id = sends.list_id AND m.subscriber_id = s.id
WHERE d.id = ?"""

_LEAVE = """
UPDATE memberships SET status = 'unsubscribed', since = :at, how = :how
WHERE subscriber_id = :subscriber AND status = 'subscribed'"""

_LEAVE_LIST = f"""
{_LEAVE} AND list_id = (SELECT list_id FROM sends WHERE id = :send) RETURNING list_id"""

_LEAVE_LISTS = f"""
{_LEAVE} AND list_id IN (SELECT id FROM lists WHERE name IN (SELECT value FROM json_each(:lists)))
RETURNING list_id"""

_LEAVE_EVERYTHING = f"{_LEAVE} RETURNING list_id"

_SUPPRESS_LEAVER = """
INSERT INTO suppressions (address, reason, detail, created)
SELECT email, 'unsubscribed', :how, :at FROM subscribers WHERE id = :subscriber
ON CONFLICT (address) DO NOTHING RETURNING address"""

_DEPART = """
INSERT INTO departures (subscriber_id, send_id, how, at, lists, suppressed)
VALUES (:subscriber, :send, :how, :at, :left, :suppressed) RETURNING id"""

_LAST_DEPARTURE = """
SELECT id FROM departures
WHERE subscriber_id = :subscriber AND send_id = :send AND at >= :since AND undone = ''
ORDER BY id DESC LIMIT 1"""

_UNDO = "UPDATE departures SET undone = :at WHERE id = :id AND undone = '' RETURNING suppressed"

# Only what is still as the departure left it.
_REJOIN = """
UPDATE memberships SET status = 'subscribed', since = :at, how = 'undo'
FROM (SELECT subscriber_id, at, lists FROM departures WHERE id = :id) d
WHERE memberships.subscriber_id = d.subscriber_id AND memberships.status = 'unsubscribed'
    AND memberships.since = d.at AND list_id IN (SELECT value FROM json_each(d.lists))"""
