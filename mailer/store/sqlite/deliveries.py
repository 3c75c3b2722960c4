"""Deliveries and the shared throttle, in SQLite.

A delivery belongs to the worker that claimed it until its outcome is recorded, or until that worker
is gone and another takes it over.
"""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import TYPE_CHECKING

from mailer import throttle
from mailer.errors import StoreError
from mailer.ledger.delivery import Claim, DeliveryState, Remaining, SendState, UncertainDelivery
from mailer.lists.subscriber import Subscriber
from mailer.store.sqlite.quiet_period import Quiet
from mailer.store.sqlite.reconciliation import Proofs
from mailer.store.sqlite.rows import PAGE, SUBSCRIBER, subscriber
from mailer.store.sqlite.sends import UNDECIDED
from mailer.throttle import Reservation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from typing import Any

    from mailer.ledger.delivery import Result

_DOUBTFUL = {DeliveryState.UNCERTAIN, DeliveryState.PENDING}


class Ledger(Quiet, Proofs):
    """See `store.base.Store`: sends, deliveries and throttle."""

    def already_delivered(self, campaign: str) -> Iterator[int]:
        last = 0
        given = {"campaign": campaign, "page": PAGE}
        while rows := self.db.execute(_DELIVERED, given | {"last": last}).fetchall():
            yield from (subscriber_id for (subscriber_id,) in rows)
            last = rows[-1][0]

    def remaining(self, send_id: int, *, now: datetime, later: bool = False) -> Iterator[Remaining]:
        held = self.holding_back(send_id, now)
        until = UNDECIDED - 1 if later else _seconds(now)
        for _, delivery in self._deliveries(send_id, DeliveryState.PENDING, until=until):
            left_out = delivery.left_out or held(delivery.claim.subscriber.id)
            yield Remaining(delivery.claim, left_out)

    def _deliveries(
        self, send_id: int, state: DeliveryState, *, until: int = UNDECIDED, page: int = PAGE
    ) -> Iterator[tuple[str, Remaining]]:
        """Each with the worker that holds it, by the time it is due."""
        # one value of `due` after another: across several, the index does not keep the ids in order
        due = self._due_after(send_id, state, -1)
        while due is not None and due <= until:
            last = 0
            given = (send_id, state, due)
            while rows := self.db.execute(_DELIVERIES, (*given, last, page)).fetchall():
                for worker, left_out, *row in rows:
                    yield worker, Remaining(_claim(row), left_out)
                    last = row[0]
            due = self._due_after(send_id, state, due)

    def _due_after(self, send_id: int, state: DeliveryState, due: int) -> int | None:
        found: int | None = self.db.execute(_DUE_AFTER, (send_id, state, due)).fetchone()[0]
        return found

    def claim(self, send_id: int, limit: int, *, now: datetime) -> list[Claim]:
        claims: list[Claim] = []
        skipped: list[tuple[str, str, int]] = []
        at = now.isoformat(timespec="seconds")
        with self.writing():
            if not self._is_sending(send_id):
                return []
            held = self.holding_back(send_id, now)
            due = self._deliveries(send_id, DeliveryState.PENDING, until=_seconds(now), page=limit)
            for _, delivery in due:
                left_out = delivery.left_out or held(delivery.claim.subscriber.id)
                if left_out:
                    skipped.append((left_out, at, delivery.claim.delivery_id))
                else:
                    claims.append(delivery.claim)
                # so that clicks and events do not wait while many are skipped in a row
                if len(claims) == limit or len(skipped) >= PAGE:
                    break
            me = self.workers.me()
            self.db.conn.executemany(_SKIP, skipped)
            taken = json.dumps([claim.delivery_id for claim in claims])
            self.db.execute(_TAKE, (me, at, taken))
        return claims

    def _is_sending(self, send_id: int) -> bool:
        state = self.db.execute("SELECT state FROM sends WHERE id = ?", (send_id,)).fetchone()
        return bool(state == (SendState.SENDING,))

    def record(self, results: Iterable[Result], *, now: datetime) -> None:
        at, results = now.isoformat(timespec="seconds"), list(results)
        with self.writing():
            me = self.workers.me()
            recorded = sum(
                self.db.execute(_RECORD, (state, detail, at, json.dumps(ids), me)).rowcount
                for (state, detail), ids in _alike(results).items()
            )
            self.keep_copies(results)
            self._compare_with_events(results, at)
            self._skip_cancelled(now)
        if recorded != len(results):
            raise StoreError(
                f"{len(results) - recorded} deliveries were no longer this process's to record",
                hint="Was lists/workers/ cleared during a send? Look at: mailer status",
            )

    def _compare_with_events(self, results: Sequence[Result], at: str) -> None:
        doubtful = [r.delivery_id for r in results if r.state in _DOUBTFUL]
        if doubtful:
            self.prove(doubtful, at)
        self.disprove((result.delivery_id for result in results), at)

    def abandoned(self, send_id: int) -> list[Claim]:
        with self.writing():
            me = self.workers.me()
            in_flight = list(self._deliveries(send_id, DeliveryState.SENDING))
            gone = {worker for worker in dict(in_flight) if self.workers.is_gone(worker)}
            claims = [delivery.claim for worker, delivery in in_flight if worker in gone]
            # taken over, so that of two processes that look at once only one settles them
            self.db.conn.executemany(_TAKE_OVER, [(me, c.delivery_id) for c in claims])
        return claims

    def failures(self, send_id: int, limit: int) -> list[tuple[str, str]]:
        return self.db.execute(_FAILURES, (send_id, limit)).fetchall()

    def doubts(self, send_id: int) -> Iterator[UncertainDelivery]:
        last = 0
        while rows := self.db.execute(_DOUBTS, (send_id, last, PAGE)).fetchall():
            yield from (UncertainDelivery(*row) for row in rows)
            last = rows[-1][0]

    def resolve(self, send_id: int, results: Iterable[Result], *, now: datetime) -> int:
        at = now.isoformat(timespec="seconds")
        with self.writing():
            outcomes = [
                (r.state, r.message_id, r.detail, at, r.delivery_id, send_id) for r in results
            ]
            resolved = self.db.conn.executemany(_RESOLVE, outcomes).rowcount if outcomes else 0
            self.db.execute(_REOPEN, {"id": send_id, "at": at})
            self._skip_cancelled(now)
        return resolved

    # ---------------------------------------------------------------- throttle

    def reserve(
        self, key: str, n: int, *, rate: float, burst: int, clock: Callable[[], float]
    ) -> Reservation:
        with self.writing():
            meter, wait = throttle.reserve(self._meter(key), n, rate=rate, burst=burst, now=clock())
            self._keep(key, meter)
        return Reservation(wait, meter.share)

    def slow_down(self, key: str, *, clock: Callable[[], float]) -> float:
        with self.writing():
            meter = throttle.slow_down(self._meter(key), now=clock())
            self._keep(key, meter)
        return meter.share

    def _meter(self, key: str) -> throttle.Bucket | None:
        row = self.db.execute(_METER, (key,)).fetchone()
        return throttle.Bucket(*row) if row else None

    def _keep(self, key: str, meter: throttle.Bucket) -> None:
        self.db.execute(_KEEP_METER, (key, *astuple(meter)))


def _claim(row: Sequence[Any]) -> Claim:
    """An erased subscriber has an id and nothing else."""
    delivery_id, arm, subscriber_id, known, *own = row
    if known is None:
        return Claim(delivery_id, Subscriber(subscriber_id, ""), arm)
    return Claim(delivery_id, subscriber((known, *own)), arm)


def _alike(results: Iterable[Result]) -> dict[tuple[DeliveryState, str], dict[int, str]]:
    """Message ids by delivery, of those that ended in the same way: nearly all of a batch."""
    found: dict[tuple[DeliveryState, str], dict[int, str]] = {}
    for result in results:
        alike = found.setdefault((result.state, result.detail), {})
        alike[result.delivery_id] = result.message_id
    return found


def _seconds(now: datetime) -> int:
    return int(now.timestamp())


_DELIVERED = """
SELECT subscriber_id FROM deliveries
WHERE campaign = :campaign AND subscriber_id > :last
UNION SELECT moves.subscriber_id FROM moves JOIN deliveries d
ON d.campaign = :campaign AND d.subscriber_id = moves.formerly AND d.state <> 'skipped'
WHERE moves.subscriber_id > :last ORDER BY 1 LIMIT :page"""

_DUE_AFTER = "SELECT min(due) FROM deliveries WHERE send_id = ? AND state = ? AND due > ?"

_DELIVERIES = f"""
SELECT d.worker,
    CASE WHEN s.id IS NULL THEN 'erased'
        WHEN x.reason IS NOT NULL THEN x.reason
        WHEN m.status IS NOT 'subscribed' THEN 'unsubscribed'
        ELSE '' END,
    d.id, CASE d.arm WHEN 0 THEN sends.winner ELSE d.arm END, d.subscriber_id, {SUBSCRIBER}
FROM deliveries d JOIN sends ON sends.id = d.send_id
LEFT JOIN subscribers s ON s.id = d.subscriber_id
LEFT JOIN memberships m ON m.list_id = sends.list_id AND m.subscriber_id = d.subscriber_id
LEFT JOIN suppressions x ON x.address = s.email
WHERE d.send_id = ? AND d.state = ? AND d.due = ? AND d.id > ? ORDER BY d.id LIMIT ?"""

_SKIP = "UPDATE deliveries SET state = 'skipped', detail = ?, changed = ? WHERE id = ?"

# All in one step, here and where outcomes are recorded: between two steps the interpreter goes to one
# of the threads that send, and comes back a millisecond later.
_TAKE = """
UPDATE deliveries SET state = 'sending', worker = ?, changed = ?
WHERE id IN (SELECT value FROM json_each(?))"""

_TAKE_OVER = "UPDATE deliveries SET worker = ? WHERE id = ?"

# Only by the worker that holds it: nobody overwrites what another has taken over.
_RECORD = """
UPDATE deliveries SET state = ?, detail = ?, changed = ?, message_id = r.value
FROM json_each(?) r
WHERE deliveries.id = CAST(r.key AS INTEGER) AND worker = ? AND state = 'sending'"""

_FAILURES = """
SELECT coalesce(s.email, '(erased)'), d.detail
FROM deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id
WHERE d.send_id = ? AND d.state IN ('failed', 'uncertain') ORDER BY d.id LIMIT ?"""

_DOUBTS = """
SELECT d.id, coalesce(s.email, ''), d.changed, d.detail
FROM deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id
WHERE d.send_id = ? AND d.state = 'uncertain' AND d.id > ? ORDER BY d.id LIMIT ?"""

_RESOLVE = """
UPDATE deliveries SET state = ?, message_id = ?, detail = ?, changed = ?
WHERE id = ? AND send_id = ? AND state = 'uncertain'"""

_REOPEN = """
UPDATE sends SET state = 'queued', changed = :at WHERE id = :id AND state = 'finished'
AND EXISTS (SELECT 1 FROM deliveries WHERE send_id = :id AND state = 'pending')"""

_METER = "SELECT busy_until, read_at, share, slowed_at FROM throttles WHERE key = ?"

_KEEP_METER = """
INSERT OR REPLACE INTO throttles (key, busy_until, read_at, share, slowed_at)
VALUES (?, ?, ?, ?, ?)"""
