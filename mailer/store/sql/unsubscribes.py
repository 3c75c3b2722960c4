"""Unsubscribing by a personal link, and taking it back.

A departure remembers what it changed, so that undoing it changes that and no more.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.lists.membership import SuppressionReason
from mailer.lists.request import Reader
from mailer.store.sql.ids import next_id
from mailer.store.sql.rows import iso
from mailer.store.sql.sends import FURTHER_LISTS, LISTS_OF_SEND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from mailer.store.sql.database import SqlDatabase
    from mailer.store.sql.suppressions import SqlSuppressions

UNDO = timedelta(hours=24)


class SqlUnsubscribes:
    def __init__(self, database: SqlDatabase, suppressions: SqlSuppressions) -> None:
        self._db = database
        self._suppressions = suppressions

    def reader(self, subscriber_id: int, send_id: int) -> Reader | None:
        row = self._db.row(_READER, {"subscriber": subscriber_id, "send": send_id})
        return self._reader(row) if row else None

    def leave(
        self,
        subscriber_id: int,
        send_id: int,
        *,
        everything: bool = False,
        lists: Sequence[str] = (),
        how: str,
        visit: str = "",
        now: datetime,
    ) -> int:
        departure = {
            "subscriber": subscriber_id,
            "send": send_id,
            "how": how,
            "at": iso(now),
            "lists": json.dumps(lists),
            "visit": visit,
        }
        statement = _LEAVE_EVERYTHING if everything else _LEAVE_LISTS if lists else _LEAVE_LIST
        with self._db.writing():
            left = [list_id for (list_id,) in self._db.rows(statement, departure)]
            # the address, if it was not suppressed before
            suppressed = self._db.value(_SUPPRESS_LEAVER, departure) or "" if everything else ""
            if everything:
                self._db.execute(_KEEP_REASON, departure)
            if not left and not suppressed:
                departure["since"] = iso(now - UNDO)
                return self._db.value(_OWN_DEPARTURE, departure) or 0
            departure |= {"left": json.dumps(left), "suppressed": suppressed}
            return self._depart(departure)

    def leave_old_address(self, subscriber_id: int, send_id: int, now: datetime) -> int:
        """Unsubscribe a person's old address from every list; return the departure's id."""
        departure = {
            "subscriber": subscriber_id,
            "send": send_id,
            "how": "new address",
            "at": iso(now),
            "visit": "",
        }
        left = [list_id for (list_id,) in self._db.rows(_LEAVE_EVERYTHING, departure)]
        departure |= {"left": json.dumps(left), "suppressed": ""}
        return self._depart(departure)

    def _depart(self, departure: Mapping[str, Any]) -> int:
        new = next_id(self._db, "departures")
        self._db.execute(_DEPART, {**departure, "new": new})
        return new

    def undo(self, departure_id: int, *, now: datetime) -> Reader | None:
        departure = {"id": departure_id, "at": iso(now), "since": iso(now - UNDO)}
        with self._db.writing():
            self._take_back(departure)
        return self.get(departure_id)

    def _take_back(self, departure: dict[str, Any]) -> None:
        row = self._db.row(_UNDO, departure)
        if row:
            self._db.execute(_REJOIN, departure)
            if row[0]:
                self._suppressions.lift(row[0], SuppressionReason.UNSUBSCRIBED)

    def rejoin(self, departure_id: int, *, now: datetime) -> None:
        """Undo a departure without a limit of time, for a person who has confirmed by mail."""
        self._take_back({"id": departure_id, "at": iso(now), "since": ""})

    def can_undo(self, departure_id: int, *, now: datetime) -> bool:
        departure = {"id": departure_id, "since": iso(now - UNDO)}
        return self._db.row(_CAN_UNDO, departure) is not None

    def give_reason(self, departure_id: int, reason: str) -> Reader | None:
        with self._db.writing():
            self._db.execute(_GIVE_REASON, {"reason": reason, "id": departure_id})
        return self.get(departure_id)

    def get(self, departure_id: int) -> Reader | None:
        row = self._db.row(_DEPARTURE, {"id": departure_id})
        return self._reader(row) if row else None

    def _reader(self, row: Sequence[Any]) -> Reader:
        subscriber_id, email, list_name, campaign, subscribed, send_id = row
        further = self._db.rows(FURTHER_LISTS, {"send": send_id or 0})
        lists = (list_name, *(name for (name,) in further)) if list_name else ()
        return Reader(
            subscriber_id, email or "", lists, campaign or "", bool(subscribed), send_id or 0
        )


# On several lists, the mail comes as long as the person is on one of them.
_ON_A_LIST = """(coalesce(m.status, '') = 'subscribed' OR EXISTS (
        SELECT 1 FROM further_lists f JOIN memberships o
            ON o.list_id = f.list_id AND o.subscriber_id = s.id
        WHERE f.send_id = sends.id AND o.status = 'subscribed'))"""

_SUBSCRIBED = f"""{_ON_A_LIST}
    AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address = s.email)"""

_READER = f"""
SELECT :subscriber, s.email, lists.name, sends.campaign, {_SUBSCRIBED}, sends.id
FROM sends JOIN lists ON lists.id = sends.list_id
LEFT JOIN subscribers s ON s.id = :subscriber
LEFT JOIN memberships m ON m.list_id = sends.list_id AND m.subscriber_id = s.id
WHERE sends.id = :send"""

# A departure by address belongs to no send, and was from everything.
_STILL_SUBSCRIBED = f"""CASE WHEN sends.id IS NULL
        THEN EXISTS (SELECT 1 FROM memberships a
            WHERE a.subscriber_id = s.id AND a.status = 'subscribed')
        ELSE {_ON_A_LIST} END
    AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address = s.email)"""

_DEPARTURE = f"""
SELECT d.subscriber_id, s.email, lists.name, sends.campaign, {_STILL_SUBSCRIBED}, sends.id
FROM departures d LEFT JOIN sends ON sends.id = d.send_id
LEFT JOIN lists ON lists.id = sends.list_id
LEFT JOIN subscribers s ON s.id = d.subscriber_id
LEFT JOIN memberships m ON m.list_id = sends.list_id AND m.subscriber_id = s.id
WHERE d.id = :id"""

_LEAVE = """
UPDATE memberships SET status = 'unsubscribed', since = :at, how = :how
WHERE subscriber_id = :subscriber AND status = 'subscribed'"""

_LEAVE_LIST = f"""
{_LEAVE} AND list_id IN {LISTS_OF_SEND} RETURNING list_id"""

_LEAVE_LISTS = f"""
{_LEAVE} AND list_id IN (SELECT id FROM lists WHERE name IN (SELECT value FROM json_each(:lists)))
RETURNING list_id"""

_LEAVE_EVERYTHING = f"{_LEAVE} RETURNING list_id"

_SUPPRESS_LEAVER = """
INSERT INTO suppressions (address, reason, detail, created)
SELECT email, 'unsubscribed', :how, :at FROM subscribers WHERE id = :subscriber
ON CONFLICT (address) DO NOTHING RETURNING address"""

_KEEP_REASON = """
INSERT INTO suppression_reasons (address, reason, detail, created)
SELECT email, 'unsubscribed', :how, :at FROM subscribers WHERE id = :subscriber
ON CONFLICT (address, reason) DO NOTHING"""

_DEPART = """
INSERT INTO departures (id, subscriber_id, send_id, how, at, lists, suppressed, visit)
VALUES (:new, :subscriber, :send, :how, :at, :left, :suppressed, :visit)"""

_OWN_DEPARTURE = """
SELECT id FROM departures
WHERE subscriber_id = :subscriber AND send_id = :send AND visit = :visit AND visit <> ''
    AND at >= :since AND undone = ''
ORDER BY id DESC LIMIT 1"""

_MAY_UNDO = "id = :id AND at >= :since AND undone = ''"

_CAN_UNDO = f"SELECT 1 FROM departures WHERE {_MAY_UNDO}"

_UNDO = f"UPDATE departures SET undone = :at WHERE {_MAY_UNDO} RETURNING suppressed"

# Only what is still as the departure left it.
_REJOIN = """
UPDATE memberships SET status = 'subscribed', since = :at, how = 'undo'
FROM (SELECT subscriber_id, at, lists FROM departures WHERE id = :id) d
WHERE memberships.subscriber_id = d.subscriber_id AND memberships.status = 'unsubscribed'
    AND memberships.since = d.at AND list_id IN (SELECT CAST(value AS BIGINT) FROM json_each(d.lists))"""

_GIVE_REASON = "UPDATE departures SET reason = :reason WHERE id = :id"
