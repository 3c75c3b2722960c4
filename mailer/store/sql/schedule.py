"""Scheduled sends and A/B tests.

A delivery's `due` is in seconds since 1970; 0 is at once, and `WAITS_FOR_WINNER` is past any year. It
is part of the index for claims, so that deliveries that are not due yet do not slow down the others.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mailer.ledger.delivery import PendingGroup, SendState
from mailer.ledger.worker import WorkerStatus
from mailer.store.sql.rows import holder, unix
from mailer.store.sql.sends import WAITS_FOR_WINNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.ledger.delivery import Send
    from mailer.ledger.worker import Lease
    from mailer.store.leases import Leases
    from mailer.store.sql.database import SqlDatabase
    from mailer.store.sql.sends import SqlSends


class SqlSchedule:
    def __init__(self, database: SqlDatabase, sends: SqlSends, leases: Leases) -> None:
        self._db = database
        self._sends = sends
        self._leases = leases

    def is_due(self, send_id: int, *, now: datetime) -> bool:
        return bool(self._db.row(_IS_DUE, {"send": send_id, "until": unix(now)}))

    def next_due(self, send_id: int, *, now: datetime) -> datetime | None:
        until = {"send": send_id, "now": unix(now), "winner": WAITS_FOR_WINNER}
        return _moment(self._db.value(_NEXT_DUE, until))

    def pending_groups(self, send_id: int, *, now: datetime) -> list[PendingGroup]:
        rows = self._db.rows(_PENDING_GROUPS, {"send": send_id, "now": unix(now)})
        return [PendingGroup(_moment(due), timezone, number) for due, timezone, number in rows]

    def has_to_come(self, send_id: int) -> bool:
        return bool(self._db.row(_IS_DUE, {"send": send_id, "until": WAITS_FOR_WINNER - 1}))

    def awaits_winner(self, send_id: int) -> bool:
        return bool(self._db.row(_AWAITS_WINNER, {"send": send_id, "winner": WAITS_FOR_WINNER}))

    def declare_winner(self, send_id: int, arm: int, *, now: datetime) -> bool:
        released = {"send": send_id, "now": unix(now), "winner": WAITS_FOR_WINNER}
        with self._db.writing():
            declared = self._db.execute(_DECLARE, {"arm": arm, "send": send_id}) == 1
            if declared:
                self._db.execute(_RELEASE, released)
        return declared

    def tests_to_decide(self, *, now: datetime) -> list[Send]:
        to_decide = {
            send_id
            for send_id, changed, wait in self._db.rows(_TESTED, {"winner": WAITS_FOR_WINNER})
            if datetime.fromisoformat(changed).timestamp() + wait <= now.timestamp()
        }
        # the snapshots are large, and this is asked every second
        return [send for send in self._sends.all() if send.id in to_decide] if to_decide else []

    def take_up(
        self, *, now: datetime, join: Callable[[int], bool] = lambda _: False
    ) -> Send | None:
        with self._db.writing():
            for send_id, state in self._db.rows(_READY, {"now": unix(now)}):
                joins = join(send_id) and self.is_due(send_id, now=now)
                if state == SendState.QUEUED or joins or not self.is_anyone_at_work(send_id):
                    self._sends.set_state(send_id, SendState.SENDING, now=now)
                    return next(send for send in self._sends.all() if send.id == send_id)
        return None

    def is_anyone_at_work(self, send_id: int) -> bool:
        with self._db.locked():
            workers = self._db.rows(_WORKERS, {"send": send_id})
            return any(not self._leases.is_gone(holder(worker)) for (worker,) in workers)

    def workers(self) -> list[WorkerStatus]:
        campaigns: dict[str, set[str]] = defaultdict(set)
        for worker, campaign in self._db.rows(_AT_WORK):
            campaigns[worker[:_KEY]].add(campaign)
        processes: dict[tuple[str, int], list[Lease]] = defaultdict(list)
        for lease in self._leases.held():
            processes[lease.host, lease.process].append(lease)
        return [
            WorkerStatus(
                host,
                process,
                min(lease.since for lease in leases),
                tuple(sorted({name for lease in leases for name in campaigns[lease.key]})),
            )
            for (host, process), leases in sorted(processes.items())
        ]


_KEY = 8
"""Length of `Lease.key`."""


def _moment(due: int | None) -> datetime | None:
    return None if due is None or due == WAITS_FOR_WINNER else datetime.fromtimestamp(due, UTC)


_IS_DUE = """
SELECT 1 FROM deliveries
WHERE send_id = :send AND state = 'pending' AND due <= :until LIMIT 1"""

_NEXT_DUE = """
SELECT min(due) FROM deliveries
WHERE send_id = :send AND state = 'pending' AND due > :now AND due < :winner"""

_PENDING_GROUPS = """
SELECT d.due, coalesce(s.timezone, ''), count(*)
FROM deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id
WHERE d.send_id = :send AND d.state = 'pending' AND d.due > :now GROUP BY 1, 2 ORDER BY 1, 2"""

_AWAITS_WINNER = """
SELECT 1 FROM deliveries
WHERE send_id = :send AND state = 'pending' AND due = :winner LIMIT 1"""

_DECLARE = "UPDATE sends SET winner = :arm WHERE id = :send AND winner = 0"

_RELEASE = """
UPDATE deliveries SET due = :now WHERE send_id = :send AND state = 'pending' AND due = :winner"""

# A send is queued again when only waiting recipients are left: that is the time of its last change.
_TESTED = """
SELECT id, changed, wait FROM sends
WHERE state = 'queued' AND wait IS NOT NULL AND winner = 0 AND :winner = (
    SELECT min(due) FROM deliveries d WHERE d.send_id = sends.id AND d.state = 'pending')"""

_READY = """
SELECT id, state FROM sends
WHERE state IN ('queued', 'sending') AND (state = 'sending' OR (
    (plan <> '' OR wait IS NOT NULL) AND EXISTS (SELECT 1 FROM deliveries d
        WHERE d.send_id = sends.id AND d.state = 'pending' AND d.due <= :now)))
ORDER BY id"""

_WORKERS = """
SELECT worker FROM sends WHERE id = :send
UNION SELECT worker FROM deliveries WHERE send_id = :send AND state = 'sending'"""

_AT_WORK = """
SELECT worker, campaign FROM sends WHERE state = 'sending'
UNION SELECT d.worker, sends.campaign
FROM sends JOIN deliveries d ON d.send_id = sends.id AND d.state = 'sending'
WHERE sends.state = 'sending'"""

# For the doctor, which opens no store.
SCHEDULED = """
SELECT count(*) FROM sends WHERE state = 'queued' AND (wait IS NOT NULL OR (
    plan <> '' AND EXISTS (SELECT 1 FROM deliveries d
        WHERE d.send_id = sends.id AND d.state = 'pending' AND d.due < :winner)))"""
