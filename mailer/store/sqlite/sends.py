"""Sends and their audiences, in SQLite.

The invariant of `base.Counts` holds at every commit: `sends.audience` grows in the transaction that
adds the deliveries, which change their state and are never removed.
"""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from mailer.errors import SendStopped, UsageError
from mailer.ledger.delivery import HELD_BACK, Counts, Send, SendState
from mailer.store.sqlite.leases import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path
    from typing import Any

    from sqlite_utils import Database

    from mailer.campaigns.schedule import Timing
    from mailer.campaigns.subject_test import SplitTest

# bounds the memory while an audience streams in
CHUNK = 10_000

UNDECIDED = 1 << 40
"""The `due` of those who wait for the winner of a subject test: past any year."""


class Sends:
    """See `store.base.Store`: campaigns on their way to a list."""

    db: Database
    path: Path
    writing: Callable[[], AbstractContextManager[None]]

    @cached_property
    def workers(self) -> Workers:
        return Workers(self.path.parent / "workers")

    def freeze(
        self,
        campaign: str,
        list_name: str,
        subscriber_ids: Iterable[int],
        *,
        query: str,
        snapshot: bytes,
        digest: str,
        transport: str,
        quiet_hours: float = 0,
        held_back: int = 0,
        fresh: bool = False,
        now: datetime,
        timing: Timing | None = None,
        trial: SplitTest | None = None,
    ) -> tuple[Send, int]:
        self._stage(subscriber_ids, trial)
        due = self._stage_times(timing)
        at = now.isoformat(timespec="seconds")
        with self.writing():
            words = (query, snapshot, digest, transport, quiet_hours)
            made = self.db.execute(_NEW_SEND, (campaign, *words, at, at, list_name)).rowcount
            send = self.send(campaign, list_name)
            if send is None:
                raise UsageError(f'there is no list "{list_name}"', hint="See: mailer lists show")
            ordered = (digest, transport, query)
            if fresh and not made and ordered != (send.digest, send.transport, send.audience_query):
                raise SendStopped(
                    f"{campaign} was started in another terminal meanwhile, in other words, for "
                    "other people or another way: nothing was added to it",
                    hint=f"Look at it with: mailer status {campaign}",
                )
            if send.state is SendState.CANCELLED:
                raise UsageError(f"{campaign} to {list_name} was cancelled: nobody can be added")
            back = self.db.execute(_TAKE_BACK, (at, send.id, HELD_BACK)).rowcount
            if timing:
                self.db.execute(_MOVE, {"id": send.id, "due": due, "undecided": UNDECIDED})
                self.db.execute(_PLAN, (timing.plan, send.id))
            if trial and trial.wait:
                self.db.execute(_WAIT, (int(trial.wait.total_seconds()), send.id))
            given = {"campaign": campaign, "id": send.id, "at": at, "due": due}
            given["rest_due"] = due if send.winner else UNDECIDED
            added = self.db.execute(_ADD_DELIVERIES, given).rowcount
            grown = {"added": added, "back": back, "held": held_back, "at": at, "id": send.id}
            self.db.execute(_ADDED, grown)
        self.db.execute("DELETE FROM temp.frozen")
        frozen = self.send(campaign, list_name)
        assert frozen is not None
        return frozen, added + back

    def _stage(self, subscriber_ids: Iterable[int], trial: SplitTest | None) -> None:
        """Keep the ids in a temporary table, so that the write lock is needed for seconds only."""
        self.db.execute(
            "CREATE TEMP TABLE IF NOT EXISTS frozen (subscriber_id INTEGER, arm INTEGER)"
        )
        self.db.execute("DELETE FROM temp.frozen")
        ids = iter(subscriber_ids)
        while chunk := [(i, trial.arm(i) if trial else 1) for i in islice(ids, CHUNK)]:
            with self.db.atomic():
                self.db.conn.executemany("INSERT INTO temp.frozen VALUES (?, ?)", chunk)

    def _stage_times(self, timing: Timing | None) -> int:
        """Keep what is due when in each time zone; returns when it is in all others."""
        self.db.execute(
            "CREATE TEMP TABLE IF NOT EXISTS times (timezone TEXT PRIMARY KEY, due INTEGER)"
        )
        self.db.execute("DELETE FROM temp.times")
        if timing is None:
            return 0
        times = [(zone, int(due.timestamp())) for zone, due in timing.zones.items()]
        self.db.conn.executemany("INSERT INTO temp.times VALUES (?, ?)", times)
        return int(timing.due.timestamp())

    def send(self, campaign: str, list_name: str) -> Send | None:
        rows = self.db.execute(
            f"{_SENDS} WHERE campaign = ? AND lists.name = ?", (campaign, list_name)
        )
        return next((_send(row) for row in rows.fetchall()), None)

    def sends(self, campaign: str | None = None) -> list[Send]:
        rows = self.db.execute(
            f"{_SENDS} WHERE :campaign IS NULL OR campaign = :campaign ORDER BY sends.id",
            {"campaign": campaign},
        )
        return [_send(row) for row in rows.fetchall()]

    def set_state(self, send_id: int, state: SendState, *, note: str = "", now: datetime) -> None:
        with self.writing():
            self.db.execute(
                _SET_STATE,
                {
                    "id": send_id,
                    "state": state,
                    "note": note,
                    "at": now.isoformat(timespec="seconds"),
                    "now": int(now.timestamp()),
                },
            )
            if state is SendState.SENDING:
                self.db.execute(_TAKEN_UP, (self.workers.me(), send_id))
            self._skip_cancelled(now)

    def _skip_cancelled(self, now: datetime) -> None:
        """What is pending, or comes back unsent, in a cancelled send is never sent."""
        self.db.execute(_SKIP_CANCELLED, (now.isoformat(timespec="seconds"),))

    def counts(self, send_id: int) -> Counts:
        # one statement, so that the audience and the rows are of the same instant
        rows = self.db.execute(_COUNTS, (send_id,)).fetchall()
        states = {state: number for _, state, number in rows if state is not None}
        return Counts(audience=rows[0][0], **states)


def _send(row: Sequence[Any]) -> Send:
    send_id, campaign, list_name, state, *rest = row
    return Send(send_id, campaign, list_name, SendState(state), *rest)


_SENDS = """
SELECT sends.id, campaign, lists.name, state, audience_query, snapshot, digest, transport,
    created, note, quiet_hours, held_back, plan, winner
FROM sends JOIN lists ON lists.id = sends.list_id"""

_NEW_SEND = """
INSERT INTO sends
    (campaign, list_id, state, audience_query, snapshot, digest, transport, quiet_hours,
    created, changed)
SELECT ?, id, 'queued', ?, ?, ?, ?, ?, ?, ? FROM lists WHERE name = ?
ON CONFLICT (campaign, list_id) DO NOTHING"""

# The join leaves out whoever was erased since the ids were read; the rest, who had it under an
# address they have moved from.
_ADD_DELIVERIES = """
INSERT INTO deliveries (campaign, subscriber_id, send_id, changed, arm, due)
SELECT :campaign, subscribers.id, :id, :at, frozen.arm,
    CASE frozen.arm WHEN 0 THEN :rest_due ELSE coalesce(times.due, :due) END
FROM temp.frozen JOIN subscribers ON subscribers.id = frozen.subscriber_id
LEFT JOIN temp.times ON times.timezone = subscribers.timezone WHERE NOT EXISTS (
    SELECT 1 FROM moves JOIN deliveries d
        ON d.campaign = :campaign AND d.subscriber_id = moves.formerly
    WHERE moves.subscriber_id = subscribers.id AND d.state <> 'skipped')
ON CONFLICT (campaign, subscriber_id) DO NOTHING"""

_TAKE_BACK = """
UPDATE deliveries SET state = 'pending', detail = '', changed = ?
WHERE send_id = ? AND state = 'skipped' AND detail = ?
    AND subscriber_id IN (SELECT subscriber_id FROM temp.frozen)"""

_MOVE = """
UPDATE deliveries SET due = coalesce((
    SELECT times.due FROM temp.times JOIN subscribers s ON s.timezone = times.timezone
    WHERE s.id = deliveries.subscriber_id), :due)
WHERE send_id = :id AND state = 'pending' AND due < :undecided"""

_PLAN = "UPDATE sends SET plan = ?, state = 'queued', note = '' WHERE id = ?"

_WAIT = "UPDATE sends SET wait = ? WHERE id = ?"

_ADDED = """
UPDATE sends SET audience = audience + :added, held_back = :held, changed = :at,
    state = CASE WHEN state = 'finished' AND :added + :back > 0 THEN 'queued' ELSE state END
WHERE id = :id"""

# Cancelled is final. Finished is taken only from a ledger with nothing left to do: another process
# may have added people, or got some back unsent, since the caller looked.
_SET_STATE = """
UPDATE sends SET note = :note, changed = :at,
    state = CASE WHEN :state = 'finished' AND EXISTS (
        SELECT 1 FROM deliveries WHERE send_id = :id AND state = 'pending') THEN 'queued'
    ELSE :state END
WHERE id = :id AND state <> 'cancelled' AND NOT (:state = 'finished' AND (
    EXISTS (SELECT 1 FROM deliveries WHERE send_id = :id AND state = 'sending')
    OR EXISTS (SELECT 1 FROM deliveries WHERE send_id = :id AND state = 'pending' AND due <= :now)))"""

_TAKEN_UP = "UPDATE sends SET worker = ? WHERE id = ? AND state = 'sending'"

_SKIP_CANCELLED = """
UPDATE deliveries SET state = 'skipped', detail = 'cancelled', changed = ?
WHERE state = 'pending' AND send_id IN (SELECT id FROM sends WHERE state = 'cancelled')"""

_COUNTS = """
SELECT sends.audience, deliveries.state, count(deliveries.id)
FROM sends LEFT JOIN deliveries ON deliveries.send_id = sends.id
WHERE sends.id = ? GROUP BY deliveries.state"""
