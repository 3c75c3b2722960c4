"""Sends and their audiences.

The invariant of `Counts` holds at every commit: `sends.audience` grows in the transaction that adds the
deliveries, which change their state and are never removed.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from mailer.errors import SendStopped, UsageError
from mailer.ledger.delivery import HELD_BACK, Counts, DeliveryState, Send, SendState
from mailer.store.sql.freshness import RESTORED
from mailer.store.sql.ids import next_id
from mailer.store.sql.rows import iso, unix

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from mailer.campaigns.ab_test import ABTest
    from mailer.campaigns.schedule import Timing
    from mailer.store.leases import Leases
    from mailer.store.sql.database import SqlDatabase
    from mailer.store.sql.freshness import SqlFreshness

# bounds the memory while an audience streams in
CHUNK = 10_000

LISTS_OF_SEND = """(SELECT sends.list_id FROM sends WHERE sends.id = :send
    UNION ALL SELECT f.list_id FROM further_lists f WHERE f.send_id = :send)"""
"""The ids of all lists of a send, as a subquery."""

_OF_A_SEND = (
    "deliveries",
    "links",
    "variants",
    "shared_values",
    "tallies",
    "further_lists",
    "public_versions",
)
"""Tables of what belongs to a send, besides itself."""

WAITS_FOR_WINNER = 1 << 40
"""The `due` of deliveries that wait for the winner of an A/B test: past any year."""


class SqlSends:
    def __init__(self, database: SqlDatabase, leases: Leases, freshness: SqlFreshness) -> None:
        self._db = database
        self._leases = leases
        self._freshness = freshness

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
        seen: int | None = None,
        replaces: int = 0,
        now: datetime,
        timing: Timing | None = None,
        ab_test: ABTest | None = None,
        further_lists: Sequence[str] = (),
    ) -> tuple[Send, int]:
        self._stage(subscriber_ids, ab_test)
        due = self._stage_times(timing)
        content = {
            "campaign": campaign,
            "list": list_name,
            "query": query,
            "snapshot": snapshot,
            "digest": digest,
            "transport": transport,
            "quiet_hours": quiet_hours,
            "at": iso(now),
        }
        with self._db.writing():
            self._freshness.check()
            if replaces and not self.withdraw(replaces):
                raise _changed_elsewhere(campaign)
            send = self._open(content, further_lists, fresh=fresh, seen=seen)
            back = self._take_back(send, now)
            self._set_plan(send, timing, ab_test, due)
            added = self._add_staged(send, due, now)
            change = {"added": added, "back": back, "held": held_back, "at": iso(now)}
            self._db.execute(_ADDED, change | {"id": send.id})
            self._db.loaded("deliveries")
        self._db.execute("DELETE FROM frozen")
        changed = self.get(send.id)
        assert changed is not None
        return changed, added + back

    def _stage(self, subscriber_ids: Iterable[int], ab_test: ABTest | None) -> None:
        """Keep the ids in a temporary table, so that the write lock is needed for seconds only."""
        self._db.execute(
            "CREATE TEMP TABLE IF NOT EXISTS frozen "
            "(position INTEGER PRIMARY KEY, subscriber_id INTEGER, arm INTEGER)"
        )
        self._db.execute("DELETE FROM frozen")
        rows = (
            (position, subscriber_id, ab_test.arm(subscriber_id) if ab_test else 1)
            for position, subscriber_id in enumerate(subscriber_ids, 1)
        )
        while chunk := list(islice(rows, CHUNK)):
            with self._db.reading():
                self._db.load("frozen", ("position", "subscriber_id", "arm"), chunk)
        self._db.loaded("frozen")

    def _stage_times(self, timing: Timing | None) -> int:
        """Keep the time of each time zone; return the time of all others, in seconds since 1970."""
        self._db.execute(
            "CREATE TEMP TABLE IF NOT EXISTS times (timezone TEXT PRIMARY KEY, due INTEGER)"
        )
        self._db.execute("DELETE FROM times")
        if timing is None:
            return 0
        times = [(zone, unix(due)) for zone, due in timing.zones.items()]
        self._db.load("times", ("timezone", "due"), times)
        return unix(timing.due)

    def _open(
        self,
        content: Mapping[str, Any],
        further_lists: Sequence[str],
        *,
        fresh: bool,
        seen: int | None,
    ) -> Send:
        """Make the send, or return the existing one where people may be added to it."""
        campaign, list_name = content["campaign"], content["list"]
        is_new = self._db.execute(_NEW_SEND, {**content, "new": next_id(self._db, "sends")})
        if is_new:
            self._add_lists(campaign, list_name, further_lists)
        send = self.find(campaign, list_name)
        if send is None:
            raise UsageError(f'there is no list "{list_name}"', hint="See: mailer lists show")
        if is_new:
            return send
        if fresh:
            _refuse_other_content(send, content, {list_name, *further_lists})
        if seen not in {None, send.version} and send.state != SendState.SENDING:
            raise _changed_elsewhere(campaign)
        if send.state is SendState.CANCELLED:
            raise UsageError(f"{campaign} to {list_name} was cancelled: nobody can be added")
        return send

    def _add_lists(self, campaign: str, list_name: str, further_lists: Sequence[str]) -> None:
        send = self.find(campaign, list_name)
        for name in further_lists:
            if not send or not self._db.execute(_ADD_LIST, {"id": send.id, "list": name}):
                raise UsageError(f'there is no list "{name}"', hint="See: mailer lists show")

    def _take_back(self, send: Send, now: datetime) -> int:
        """Make staged people pending who were held back before; return their number."""
        return self._db.execute(_TAKE_BACK, {"id": send.id, "reason": HELD_BACK, "at": iso(now)})

    def _set_plan(
        self, send: Send, timing: Timing | None, ab_test: ABTest | None, due: int
    ) -> None:
        """Move what is pending to the times ordered, and keep how long a test waits."""
        if timing:
            self._db.execute(_MOVE, {"id": send.id, "due": due, "winner": WAITS_FOR_WINNER})
            self._db.execute(_PLAN, {"plan": timing.plan, "id": send.id})
        if ab_test and ab_test.wait:
            self._db.execute(_WAIT, {"wait": int(ab_test.wait.total_seconds()), "id": send.id})

    def _add_staged(self, send: Send, due: int, now: datetime) -> int:
        """Add a delivery for everybody staged who has none of this campaign; return their number."""
        settle = self._freshness.has_to_settle(send.campaign)
        return self._db.execute(
            _ADD_DELIVERIES,
            {
                "id": send.id,
                "campaign": send.campaign,
                "first": next_id(self._db, "deliveries"),
                "state": DeliveryState.UNCERTAIN if settle else DeliveryState.PENDING,
                "detail": RESTORED if settle else "",
                "due": due,
                "rest_due": due if send.winner else WAITS_FOR_WINNER,
                "at": iso(now),
            },
        )

    def get(self, send_id: int) -> Send | None:
        row = self._db.row(_GET, {"id": send_id})
        return self._send(row) if row else None

    def find(self, campaign: str, list_name: str) -> Send | None:
        row = self._db.row(_FIND, {"campaign": campaign, "list": list_name})
        return self._send(row) if row else None

    def is_sending(self, campaign: str, list_name: str) -> bool:
        return bool(self._db.row(_IS_SENDING, {"campaign": campaign, "list": list_name}))

    def all(self, campaign: str | None = None) -> list[Send]:
        if campaign is None:
            rows = self._db.rows(f"{_SENDS} ORDER BY sends.id")
        else:
            rows = self._db.rows(_OF_CAMPAIGN, {"campaign": campaign})
        return [self._send(row) for row in rows]

    def published(self, campaign: str) -> Send | None:
        row = self._db.row(_PUBLISHED, {"campaign": campaign})
        return self._send(row) if row else None

    def _send(self, row: Sequence[Any]) -> Send:
        send_id, campaign, list_name, state, *rest = row
        further = self._db.rows(FURTHER_LISTS, {"send": send_id})
        lists = tuple(name for (name,) in further)
        send = Send(send_id, campaign, list_name, SendState(state), *rest)
        return replace(send, further_lists=lists) if lists else send

    def set_state(
        self,
        send_id: int,
        state: SendState,
        *,
        note: str = "",
        seen: int | None = None,
        now: datetime,
    ) -> bool:
        change = {"id": send_id, "state": state, "note": note, "at": iso(now), "now": unix(now)}
        with self._db.writing():
            if state is SendState.SENDING:
                self._freshness.check()
            changed = self._db.execute(_SET_STATE, change | {"seen": seen})
            if changed and state is SendState.SENDING:
                self._db.execute(_TAKEN_UP, {"worker": self._leases.worker_id(), "id": send_id})
            self.skip_cancelled(now)
        # so that the main file alone is never a whole send behind
        self._db.checkpoint()
        return bool(changed)

    def set_limits(self, send_id: int, *, rate: float, stop_after: int) -> None:
        with self._db.writing():
            self._db.execute(_LIMITS, {"id": send_id, "rate": rate, "stop_after": stop_after})

    def withdraw(self, send_id: int) -> bool:
        with self._db.writing():
            if self._db.row(_TRIED, {"id": send_id}):
                return False
            for table in _OF_A_SEND:
                self._db.execute(f"DELETE FROM {table} WHERE send_id = :id", {"id": send_id})
            return bool(self._db.execute("DELETE FROM sends WHERE id = :id", {"id": send_id}))

    def counts(self, send_id: int) -> Counts:
        # one statement, so that the audience and the rows are of the same instant
        rows = self._db.rows(_COUNTS, {"id": send_id})
        states = {state: number for _, state, number in rows if state is not None}
        return Counts(audience=rows[0][0], **states)

    # ---------------------------------------------------------------- for other parts of the store

    def skip_cancelled(self, now: datetime) -> None:
        """In a cancelled send, skip what is pending, or comes back unsent."""
        self._db.execute_later(_SKIP_CANCELLED, [{"at": iso(now)}])


def _changed_elsewhere(campaign: str) -> SendStopped:
    return SendStopped(
        f"{campaign} was started, paused or changed in another terminal in the meantime: nothing was "
        "added to it",
        hint=f"Look at it with: mailer status {campaign}",
    )


def _refuse_other_content(send: Send, content: Mapping[str, Any], lists: set[str]) -> None:
    asked = (content["digest"], content["transport"], content["query"], lists)
    if asked != (send.digest, send.transport, send.audience_query, set(send.lists)):
        raise SendStopped(
            f"{send.campaign} was started in another terminal in the meantime, with other content, "
            "for another audience or by another transport: nothing was added to it",
            hint=f"Look at it with: mailer status {send.campaign}",
        )


_SENDS = """
SELECT sends.id, campaign, lists.name, state, audience_query, snapshot, digest, transport,
    created, note, quiet_hours, held_back, plan, winner, rate, stop_after, version
FROM sends JOIN lists ON lists.id = sends.list_id"""

FURTHER_LISTS = """
SELECT lists.name FROM further_lists f JOIN lists ON lists.id = f.list_id
WHERE f.send_id = :send ORDER BY lists.name"""

_ADD_LIST = """
INSERT INTO further_lists (send_id, list_id) SELECT :id, id FROM lists WHERE name = :list"""

_GET = f"{_SENDS} WHERE sends.id = :id"

_FIND = f"{_SENDS} WHERE campaign = :campaign AND lists.name = :list"

# of the row, only what stands before the snapshot: that is large
_IS_SENDING = """
SELECT 1 FROM sends JOIN lists ON lists.id = sends.list_id
WHERE campaign = :campaign AND lists.name = :list AND state = 'sending'"""

_OF_CAMPAIGN = f"{_SENDS} WHERE campaign = :campaign ORDER BY sends.id"

_PUBLISHED = f"""{_SENDS}
WHERE campaign = :campaign
    AND EXISTS (SELECT 1 FROM deliveries d WHERE d.send_id = sends.id AND d.state = 'accepted')
ORDER BY sends.id LIMIT 1"""

# the campaign of a send, if deliveries of it may be claimed
SENDING = "SELECT campaign FROM sends WHERE id = :id AND state = 'sending'"

_NEW_SEND = """
INSERT INTO sends
    (id, campaign, list_id, state, audience_query, snapshot, digest, transport, quiet_hours,
    created, changed)
SELECT :new, :campaign, id, 'queued', :query, :snapshot, :digest, :transport, :quiet_hours,
    :at, :at
FROM lists WHERE name = :list
ON CONFLICT (campaign, list_id) DO NOTHING"""

# The join leaves out people who were erased since the ids were read; the conditions, people who had it
# under an address they have moved from, and those who are in it already, so that ids follow each other.
_ADD_DELIVERIES = """
INSERT INTO deliveries (id, campaign, subscriber_id, send_id, state, detail, changed, arm, due)
SELECT :first + row_number() OVER (ORDER BY frozen.position) - 1, :campaign, subscribers.id, :id, :state, :detail, :at, frozen.arm,
    CASE frozen.arm WHEN 0 THEN :rest_due ELSE coalesce(times.due, :due) END
FROM frozen JOIN subscribers ON subscribers.id = frozen.subscriber_id
LEFT JOIN times ON times.timezone = subscribers.timezone WHERE NOT EXISTS (
    SELECT 1 FROM moves JOIN deliveries d
        ON d.campaign = :campaign AND d.subscriber_id = moves.formerly
    WHERE moves.subscriber_id = subscribers.id AND d.state <> 'skipped')
AND NOT EXISTS (
    SELECT 1 FROM deliveries d
    WHERE d.campaign = :campaign AND d.subscriber_id = subscribers.id)
ON CONFLICT (campaign, subscriber_id) DO NOTHING"""

_TAKE_BACK = """
UPDATE deliveries SET state = 'pending', detail = '', changed = :at
WHERE send_id = :id AND state = 'skipped' AND detail = :reason
    AND subscriber_id IN (SELECT subscriber_id FROM frozen)"""

_MOVE = """
UPDATE deliveries SET due = coalesce((
    SELECT times.due FROM times JOIN subscribers s ON s.timezone = times.timezone
    WHERE s.id = deliveries.subscriber_id), :due)
WHERE send_id = :id AND state = 'pending' AND due < :winner"""

_PLAN = """
UPDATE sends SET plan = :plan, state = 'queued', note = '', version = version + 1 WHERE id = :id"""

_WAIT = "UPDATE sends SET wait = :wait WHERE id = :id"

_ADDED = """
UPDATE sends SET audience = audience + :added, held_back = :held, changed = :at,
    state = CASE WHEN state = 'finished' AND :added + :back > 0 THEN 'queued' ELSE state END
WHERE id = :id"""

# Cancelled is final. Finished is taken only from a ledger with nothing left to do: another process
# may have added people, or got some back unsent, since the caller looked.
_SET_STATE = """
UPDATE sends SET note = :note, changed = :at, version = version + 1,
    state = CASE WHEN :state = 'finished' AND EXISTS (
        SELECT 1 FROM deliveries WHERE send_id = :id AND state = 'pending') THEN 'queued'
    ELSE :state END
WHERE id = :id AND state <> 'cancelled'
    AND (CAST(:seen AS BIGINT) IS NULL OR version = :seen OR (:state = 'sending' AND state = 'sending'))
    AND NOT (:state = 'finished' AND (state = 'paused'
    OR EXISTS (SELECT 1 FROM deliveries WHERE send_id = :id AND state = 'sending')
    OR EXISTS (SELECT 1 FROM deliveries WHERE send_id = :id AND state = 'pending' AND due <= :now)))"""

_TAKEN_UP = "UPDATE sends SET worker = :worker WHERE id = :id AND state = 'sending'"

_LIMITS = "UPDATE sends SET rate = :rate, stop_after = :stop_after WHERE id = :id"

_TRIED = """
SELECT 1 FROM deliveries WHERE send_id = :id AND state NOT IN ('pending', 'skipped') LIMIT 1"""

_SKIP_CANCELLED = """
UPDATE deliveries SET state = 'skipped', detail = 'cancelled', changed = :at
WHERE state = 'pending' AND send_id IN (SELECT id FROM sends WHERE state = 'cancelled')"""

_COUNTS = """
SELECT sends.audience, deliveries.state, count(deliveries.id)
FROM sends LEFT JOIN deliveries ON deliveries.send_id = sends.id
WHERE sends.id = :id GROUP BY sends.audience, deliveries.state"""
