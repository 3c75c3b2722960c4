"""Scheduled sends and subject tests, in SQLite.

A delivery's `due` is in seconds since 1970; 0 is at once, and `UNDECIDED` waits for a winner. It stands
in the index that claims are found by, so that people who are not due yet cost the others nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from mailer.ledger.delivery import PendingGroup, SendState
from mailer.store.sqlite.deliveries import Ledger
from mailer.store.sqlite.leases import Workers, attendants
from mailer.store.sqlite.sends import UNDECIDED

if TYPE_CHECKING:
    from mailer.ledger.delivery import Send


class Waves(Ledger):
    """See `store.timetable.Timetable`."""

    @cached_property
    def attendants(self) -> Workers:
        return attendants(self.path)

    def is_due(self, send_id: int, *, now: datetime) -> bool:
        return bool(self.db.execute(_IS_DUE, (send_id, _seconds(now))).fetchone())

    def next_due(self, send_id: int, *, now: datetime) -> datetime | None:
        (due,) = self.db.execute(_NEXT_DUE, (send_id, _seconds(now), UNDECIDED)).fetchone()
        return _moment(due)

    def waves(self, send_id: int, *, now: datetime) -> list[PendingGroup]:
        rows = self.db.execute(_WAVES, (send_id, _seconds(now))).fetchall()
        return [PendingGroup(_moment(due), timezone, number) for due, timezone, number in rows]

    def has_to_come(self, send_id: int) -> bool:
        return bool(self.db.execute(_IS_DUE, (send_id, UNDECIDED - 1)).fetchone())

    def awaits_winner(self, send_id: int) -> bool:
        return bool(self.db.execute(_AWAITS_WINNER, (send_id, UNDECIDED)).fetchone())

    def declare_winner(self, send_id: int, arm: int, *, now: datetime) -> bool:
        with self.writing():
            declared = self.db.execute(_DECLARE, (arm, send_id)).rowcount == 1
            if declared:
                self.db.execute(_RELEASE, (_seconds(now), send_id, UNDECIDED))
        return declared

    def ripe_trials(self, *, now: datetime) -> list[Send]:
        rows = self.db.execute(_TRIED, (UNDECIDED,)).fetchall()
        ripe = {
            send_id
            for send_id, changed, wait in rows
            if datetime.fromisoformat(changed).timestamp() + wait <= now.timestamp()
        }
        # the snapshots are large, and this is asked every second
        return [send for send in self.sends() if send.id in ripe] if ripe else []

    def take_up(self, *, now: datetime) -> Send | None:
        with self.writing():
            ready = self.db.execute(_READY, (_seconds(now),)).fetchall()
            for send_id, state in ready:
                if state == SendState.QUEUED or not self.is_anyone_at_work(send_id):
                    self.set_state(send_id, SendState.SENDING, now=now)
                    return next(send for send in self.sends() if send.id == send_id)
        return None

    def is_anyone_at_work(self, send_id: int) -> bool:
        with self.writing():
            workers = self.db.execute(_WORKERS, {"id": send_id}).fetchall()
            return any(not self.workers.is_gone(worker) for (worker,) in workers)

    def attend(self) -> None:
        with self.writing():
            self.attendants.me()

    def is_attended(self) -> bool:
        with self.writing():
            return self.attendants.is_anyone_here()


def _seconds(now: datetime) -> int:
    return int(now.timestamp())


def _moment(due: int | None) -> datetime | None:
    return None if due is None or due == UNDECIDED else datetime.fromtimestamp(due, UTC)


_IS_DUE = """
SELECT 1 FROM deliveries WHERE send_id = ? AND state = 'pending' AND due <= ? LIMIT 1"""

_NEXT_DUE = """
SELECT min(due) FROM deliveries WHERE send_id = ? AND state = 'pending' AND due > ? AND due < ?"""

_WAVES = """
SELECT d.due, coalesce(s.timezone, ''), count(*)
FROM deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id
WHERE d.send_id = ? AND d.state = 'pending' AND d.due > ? GROUP BY 1, 2 ORDER BY 1, 2"""

_AWAITS_WINNER = """
SELECT 1 FROM deliveries WHERE send_id = ? AND state = 'pending' AND due = ? LIMIT 1"""

_DECLARE = "UPDATE sends SET winner = ? WHERE id = ? AND winner = 0"

_RELEASE = "UPDATE deliveries SET due = ? WHERE send_id = ? AND state = 'pending' AND due = ?"

# A send is queued again when nobody is left but those who wait: that is when it was changed last.
_TRIED = """
SELECT id, changed, wait FROM sends
WHERE state = 'queued' AND wait IS NOT NULL AND winner = 0 AND ? = (
    SELECT min(due) FROM deliveries d WHERE d.send_id = sends.id AND d.state = 'pending')"""

_READY = """
SELECT id, state FROM sends
WHERE state IN ('queued', 'sending') AND (state = 'sending' OR (
    (plan <> '' OR wait IS NOT NULL) AND EXISTS (SELECT 1 FROM deliveries d
        WHERE d.send_id = sends.id AND d.state = 'pending' AND d.due <= ?)))
ORDER BY id"""

_WORKERS = """
SELECT worker FROM sends WHERE id = :id
UNION SELECT worker FROM deliveries WHERE send_id = :id AND state = 'sending'"""
