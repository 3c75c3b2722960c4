"""Deliveries.

A delivery belongs to the worker that claimed it until its outcome is recorded, or until that worker is
gone and another takes it over.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

from mailer.errors import ClaimLostError
from mailer.ledger.delivery import (
    HELD_BACK,
    Claim,
    DeliveryState,
    Remaining,
    UncertainDelivery,
)
from mailer.lists.subscriber import Subscriber
from mailer.store.sql.database import NONE
from mailer.store.sql.freshness import LEDGER
from mailer.store.sql.quiet_period import HOURS
from mailer.store.sql.rows import PAGE, SUBSCRIBER, holder, iso, subscriber, unix
from mailer.store.sql.sends import SENDING, WAITS_FOR_WINNER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from typing import Any

    from mailer.ledger.delivery import Result
    from mailer.store.leases import Leases
    from mailer.store.sql.database import Row, SqlDatabase
    from mailer.store.sql.freshness import SqlFreshness
    from mailer.store.sql.quiet_period import SqlQuietPeriod
    from mailer.store.sql.reconciliation import Reconciliation
    from mailer.store.sql.sends import SqlSends
    from mailer.store.sql.web_versions import SqlWebVersions

    _Held = tuple[str, str, Claim]
    """A delivery: the worker that holds it, why it is left out, and its claim."""

_DOUBTFUL = {DeliveryState.UNCERTAIN, DeliveryState.PENDING}


class SqlDeliveries:
    def __init__(
        self,
        database: SqlDatabase,
        *,
        sends: SqlSends,
        leases: Leases,
        quiet_period: SqlQuietPeriod,
        web_versions: SqlWebVersions,
        reconciliation: Reconciliation,
        freshness: SqlFreshness,
    ) -> None:
        self._db = database
        self._sends = sends
        self._leases = leases
        self._quiet_period = quiet_period
        self._web_versions = web_versions
        self._reconciliation = reconciliation
        self._freshness = freshness

    def already_delivered(self, campaign: str, *, besides: int = 0) -> Iterator[int]:
        page = {"campaign": campaign, "besides": besides, "page": PAGE, "last": 0}
        while rows := self._db.rows(_DELIVERED, page):
            yield from (subscriber_id for (subscriber_id,) in rows)
            page["last"] = rows[-1][0]

    def remaining(self, send_id: int, *, now: datetime, later: bool = False) -> Iterator[Remaining]:
        hours = self._db.row(HOURS, {"send": send_id})
        if hours is None:
            return
        who_waits = self._quiet_period.who_waits(hours, now)
        until = WAITS_FOR_WINNER - 1 if later else unix(now)
        pages = self._by_due(send_id, DeliveryState.PENDING, until=until, who_waits=who_waits)
        for page in pages:
            yield from (Remaining(claim, left_out) for _, left_out, claim in page)

    def _by_due(
        self,
        send_id: int,
        state: DeliveryState,
        *,
        until: int = WAITS_FOR_WINNER,
        page: int = PAGE,
        who_waits: Callable[[Sequence[int]], set[int]] = lambda _: set(),
        first: int | None = None,
    ) -> Iterator[list[_Held]]:
        """Pages of deliveries, by the time they are due.

        Args:
            send_id: of the send.
            state: of the deliveries.
            until: the last time, in seconds since 1970.
            page: deliveries that are read at once.
            who_waits: subscribers of a page → those who are left out for the quiet period.
            first: the first time, where it is known.
        """
        # one value of `due` after another: across several, the index does not keep the ids in order
        place: dict[str, object] = {"send": send_id, "state": state, "due": -1, "page": page}
        due = self._db.value(_DUE_AFTER, place) if first is None else first
        while due is not None and due <= until:
            place |= {"due": due, "last": 0}
            while rows := self._db.rows(_DELIVERIES, place):
                yield _read(rows, who_waits)
                place["last"] = rows[-1][2]
            due = self._db.value(_DUE_AFTER, place)

    def claim(self, send_id: int, limit: int, *, now: datetime) -> list[Claim]:
        send = {"send": send_id, "state": DeliveryState.PENDING, "due": -1}
        queries = (SENDING, {"id": send_id}), (HOURS, send), (LEDGER, NONE), (_DUE_AFTER, send)
        with self._db.writing():
            sending, hours, ledger, first = self._db.answers(*queries)
            due = first[0][0] if first else None
            if not sending or due is None or due > unix(now):
                return []
            pages = self._by_due(
                send_id,
                DeliveryState.PENDING,
                until=unix(now),
                page=limit,
                who_waits=self._quiet_period.who_waits(hours[0], now),
                first=due,
            )
            claims, skipped = _chosen(pages, limit)
            skips = ({"reason": why, "ids": json.dumps(ids)} for why, ids in skipped.items())
            self._db.execute_later(_SKIP, [{"at": iso(now), **skip} for skip in skips])
            ids = json.dumps([claim.delivery_id for claim in claims])
            worker = self._leases.worker_id()
            self._db.execute_later(_CLAIM, [{"worker": worker, "at": iso(now), "ids": ids}])
            mark = self._freshness.claim(ledger[0], len(claims))
        self._freshness.advance(mark, sending[0][0])
        return claims

    def record(self, results: Iterable[Result], *, now: datetime) -> None:
        at, results = iso(now), list(results)
        with self._db.writing():
            worker = self._leases.worker_id()
            recorded = sum(
                self._db.execute(
                    _RECORD,
                    {
                        "state": state,
                        "detail": detail,
                        "at": at,
                        "messages": json.dumps(message_ids),
                        "worker": worker,
                    },
                )
                for (state, detail), message_ids in _by_outcome(results).items()
            )
            lost = self._count_lost(results, worker) if recorded != len(results) else 0
            self._web_versions.add(results)
            self._compare_with_events(results, at)
            self._sends.skip_cancelled(now)
        if lost:
            raise ClaimLostError(
                f"{lost} deliveries were no longer this process's to record",
                hint="Was lists/workers/ cleared during a send? Look at: mailer status",
            )

    def _count_lost(self, results: Sequence[Result], worker: str) -> int:
        """Number of deliveries that were handed over, and are neither recorded by this worker nor its own."""
        ids = [
            result.delivery_id for result in results if result.state is not DeliveryState.PENDING
        ]
        return int(self._db.value(_LOST, {"ids": json.dumps(ids), "worker": worker}))

    def _compare_with_events(self, results: Sequence[Result], at: str) -> None:
        doubtful = [r.delivery_id for r in results if r.state in _DOUBTFUL]
        if doubtful:
            self._reconciliation.prove(doubtful, at)
        self._reconciliation.disprove((result.delivery_id for result in results), at)

    def abandoned(self, send_id: int) -> list[Claim]:
        with self._db.writing():
            worker_id = self._leases.worker_id()
            pages = self._by_due(send_id, DeliveryState.SENDING)
            in_flight = [(worker, claim) for page in pages for worker, _, claim in page]
            gone = {worker for worker in dict(in_flight) if self._leases.is_gone(holder(worker))}
            claims = [claim for worker, claim in in_flight if worker in gone]
            # taken over, so that of two processes that look at once only one settles them
            # who has claimed it stays known: should it only have been cut off, it knows the outcome
            taken = [
                {
                    "worker": f"{worker_id} {worker.rpartition(' ')[2]}",
                    "id": claim.delivery_id,
                }
                for worker, claim in in_flight
                if worker in gone
            ]
            self._db.execute_many(_TAKE_OVER, taken)
        return claims

    def failures(self, send_id: int, limit: int) -> list[tuple[str, str]]:
        rows = self._db.rows(_FAILURES, {"send": send_id, "limit": limit})
        return [(email, detail) for email, detail in rows]

    def uncertain(self, send_id: int) -> Iterator[UncertainDelivery]:
        page = {"send": send_id, "last": 0, "page": PAGE}
        while rows := self._db.rows(_UNCERTAIN, page):
            yield from (UncertainDelivery(*row) for row in rows)
            page["last"] = rows[-1][0]

    def neighbors_reported(self, delivery_id: int, number: int) -> list[bool]:
        beside = {"id": delivery_id, "number": number}
        if self._db.row(_REPORTED, beside):
            return []
        rows = [*self._db.rows(_BEFORE, beside), *self._db.rows(_AFTER, beside)]
        return [bool(reported) for (reported,) in rows]

    def resolve(self, send_id: int, results: Iterable[Result], *, now: datetime) -> int:
        outcomes = [
            {
                "state": result.state,
                "message": result.message_id,
                "detail": result.detail,
                "at": iso(now),
                "id": result.delivery_id,
                "send": send_id,
            }
            for result in results
        ]
        with self._db.writing():
            resolved = self._db.execute_many(_RESOLVE, outcomes) if outcomes else 0
            self._db.execute(_REOPEN, {"id": send_id, "at": iso(now)})
            self._sends.skip_cancelled(now)
        return resolved


def _read(rows: Sequence[Row], who_waits: Callable[[Sequence[int]], set[int]]) -> list[_Held]:
    """The deliveries of a page; those of the quiet period are left out."""
    page = [_held(*row) for row in rows]
    waiting = who_waits([claim.subscriber.id for _, left_out, claim in page if not left_out])
    if not waiting:
        return page
    return [
        (worker, left_out or (HELD_BACK if claim.subscriber.id in waiting else ""), claim)
        for worker, left_out, claim in page
    ]


def _chosen(pages: Iterable[list[_Held]], limit: int) -> tuple[list[Claim], dict[str, list[int]]]:
    """Claims, and the ids of those that are left out, by the reason."""
    claims: list[Claim] = []
    skipped: dict[str, list[int]] = {}
    for number, (_, left_out, claim) in enumerate(chain.from_iterable(pages), 1):
        if left_out:
            skipped.setdefault(left_out, []).append(claim.delivery_id)
        else:
            claims.append(claim)
        # so that clicks and events do not wait while many are skipped in a row
        if len(claims) == limit or number - len(claims) >= PAGE:
            break
    return claims, skipped


def _held(
    worker: str, left_out: str, delivery_id: int, arm: int, subscriber_id: int, *person: Any
) -> _Held:
    """A row of `_DELIVERIES`. An erased subscriber has an id and nothing else."""
    known = subscriber(person) if person[0] is not None else Subscriber(subscriber_id, "")
    return worker, left_out, Claim(delivery_id, known, arm)


def _by_outcome(results: Iterable[Result]) -> dict[tuple[DeliveryState, str], dict[int, str]]:
    """(state, detail) → delivery id → message id. Nearly all of a batch have the same outcome."""
    outcomes: dict[tuple[DeliveryState, str], dict[int, str]] = {}
    for result in results:
        message_ids = outcomes.setdefault((result.state, result.detail), {})
        message_ids[result.delivery_id] = result.message_id
    return outcomes


_DELIVERED = """
SELECT subscriber_id FROM deliveries
WHERE campaign = :campaign AND send_id <> :besides AND subscriber_id > :last
UNION SELECT moves.subscriber_id FROM moves JOIN deliveries d
ON d.campaign = :campaign AND d.subscriber_id = moves.formerly AND d.state <> 'skipped'
    AND d.send_id <> :besides
WHERE moves.subscriber_id > :last ORDER BY 1 LIMIT :page"""

_DUE_AFTER = """
SELECT min(due) FROM deliveries WHERE send_id = :send AND state = :state AND due > :due"""

_DELIVERIES = f"""
SELECT d.worker,
    CASE WHEN s.id IS NULL THEN 'erased'
        WHEN x.reason IS NOT NULL THEN x.reason
        WHEN coalesce(m.status, '') <> 'subscribed' AND NOT EXISTS (
            SELECT 1 FROM further_lists f JOIN memberships o
                ON o.list_id = f.list_id AND o.subscriber_id = d.subscriber_id
            WHERE f.send_id = d.send_id AND o.status = 'subscribed') THEN 'unsubscribed'
        ELSE '' END,
    d.id, CASE d.arm WHEN 0 THEN sends.winner ELSE d.arm END, d.subscriber_id, {SUBSCRIBER}
FROM deliveries d JOIN sends ON sends.id = d.send_id
LEFT JOIN subscribers s ON s.id = d.subscriber_id
LEFT JOIN memberships m ON m.list_id = sends.list_id AND m.subscriber_id = d.subscriber_id
LEFT JOIN suppressions x ON x.address = s.email
WHERE d.send_id = :send AND d.state = :state AND d.due = :due AND d.id > :last
ORDER BY d.id LIMIT :page"""

_SKIP = """
UPDATE deliveries SET state = 'skipped', detail = :reason, changed = :at
WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))"""

# All in one step, here and where outcomes are recorded: between two steps the interpreter goes to one
# of the threads that send, and comes back a millisecond later.
_CLAIM = """
UPDATE deliveries SET state = 'sending', worker = :worker, changed = :at
WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))"""

_TAKE_OVER = "UPDATE deliveries SET worker = :worker WHERE id = :id"

# No worker overwrites what another has claimed. What others have settled as uncertain, because its claimer
# was cut off and seemed dead, the claimer knows better.
_RECORD = """
UPDATE deliveries SET state = :state, detail = :detail, changed = :at, message_id = r.value
FROM json_each(:messages) r
WHERE deliveries.id = CAST(r.key AS BIGINT) AND (
    state = 'sending' AND (worker = :worker OR substr(worker, 1, 33) = :worker || ' ')
    OR state = 'uncertain' AND substr(worker, 34) = :worker)"""

# An outcome is recorded again when the connection was lost before the server could say that it has it.
_LOST = """
SELECT count(*) FROM json_each(:ids) r JOIN deliveries d ON d.id = CAST(r.value AS BIGINT)
WHERE :worker NOT IN (d.worker, substr(d.worker, 1, 32))
    AND NOT (substr(d.worker, 34) = :worker AND d.state NOT IN ('sending', 'pending'))"""

_FAILURES = """
SELECT coalesce(s.email, '(erased)'), d.detail
FROM deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id
WHERE d.send_id = :send AND d.state IN ('failed', 'uncertain') ORDER BY d.id LIMIT :limit"""

_UNCERTAIN = """
SELECT d.id, coalesce(s.email, ''), d.changed, d.detail
FROM deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id
WHERE d.send_id = :send AND d.state = 'uncertain' AND d.id > :last ORDER BY d.id LIMIT :page"""

_REPORTED = "SELECT 1 FROM events WHERE delivery_id = :id AND delivery_id > 0 LIMIT 1"

_NEIGHBORS = """
SELECT EXISTS (SELECT 1 FROM events e
    WHERE e.delivery_id = d.id AND e.delivery_id > 0 AND e.kind = 'Send')
FROM deliveries d JOIN deliveries u ON u.send_id = d.send_id AND u.due = d.due
WHERE u.id = :id AND d.state = 'accepted'"""

_BEFORE = f"{_NEIGHBORS} AND d.id < :id ORDER BY d.id DESC LIMIT :number"

_AFTER = f"{_NEIGHBORS} AND d.id > :id ORDER BY d.id LIMIT :number"

_RESOLVE = """
UPDATE deliveries SET state = :state, message_id = :message, detail = :detail, changed = :at
WHERE id = :id AND send_id = :send AND state = 'uncertain'"""

_REOPEN = """
UPDATE sends SET state = 'queued', changed = :at WHERE id = :id AND state = 'finished'
AND EXISTS (SELECT 1 FROM deliveries WHERE send_id = :id AND state = 'pending')"""
