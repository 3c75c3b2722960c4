"""Events and what they change, in SQLite: stored and acted upon in one transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailer.ledger.event import (
    DeliverabilityStats,
    EventOutcome,
    IngestResult,
    NotSentAlert,
    delivery_tag,
)
from mailer.lists.membership import SuppressionReason
from mailer.store.sqlite.reconciliation import Proofs
from mailer.store.sqlite.rows import PAGE
from mailer.store.sqlite.unsubscribes import Departures, at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mailer.ledger.event import Event


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whom an event is about, by our own books."""

    campaign: str = ""
    send_id: int = 0
    delivery_id: int = 0
    subscriber_id: int = 0
    email: str = ""
    erased: bool = False


class Events(Departures, Proofs):
    """See `store.feedback.Feedback`."""

    def take_in(self, events: Iterable[Event], *, patience: int, now: datetime) -> IngestResult:
        with self.writing():
            found, proving = IngestResult(), set[int]()
            for event in events:
                if self._is_known(event):
                    found = replace(found, known=found.known + 1)
                    continue
                subject = self._subject(event)
                self._count(event, subject)
                self._store(event, subject, now)
                found = found.plus(self._consequences(event, subject, patience, now))
                proving.add(subject.delivery_id)
            settled = self.prove(proving - {0}, at(now))
        return replace(found, settled=settled)

    def _is_known(self, event: Event) -> bool:
        return bool(self.db.execute("SELECT 1 FROM events WHERE key = ?", (event.key,)).fetchone())

    # ---------------------------------------------------------------- whom it is about

    def _subject(self, event: Event) -> _Subject:
        return (
            self._by_tags(event) or self._by_message(event) or self._by_address(event) or _Subject()
        )

    def _by_tags(self, event: Event) -> _Subject | None:
        """The tags name a delivery of ours, unless they are those of another project."""
        row = self.db.execute(f"{_SUBJECT} WHERE d.id = ?", (event.delivery,)).fetchone()
        if row is None or delivery_tag(row[0]) != event.campaign:
            return None
        message_id, email = row[4:]
        if email is None:
            # of somebody erased, nothing is left to compare but a hash of the address
            return _subject(row) if self._names_erased(event) else None
        agrees = event.recipient == email or (message_id and event.message_id == message_id)
        return _subject(row) if agrees else None

    def _names_erased(self, event: Event, known: str = "") -> bool:
        """Whether any address in it, but a known one, is of somebody erased."""
        found = map(self._suppression, {event.recipient, *event.destination} - {known, ""})
        return any(each is not None and each[0] == SuppressionReason.ERASED for each in found)

    def _by_message(self, event: Event) -> _Subject | None:
        """Notifications of an identity carry no tags."""
        if not event.message_id:
            return None
        row = self.db.execute(_BY_MESSAGE, (event.message_id,)).fetchone()
        return _subject(row) if row else None

    def _by_address(self, event: Event) -> _Subject | None:
        """Mail that is not in the ledger: proofs, confirmations, others in the same account."""
        if not event.recipient:
            return None
        given = (event.recipient,)
        row = self.db.execute("SELECT id FROM subscribers WHERE email = ?", given).fetchone()
        known = event.recipient if event.alone else ""
        return _Subject(subscriber_id=row[0], email=known) if row else None

    # ---------------------------------------------------------------- stored

    def _store(self, event: Event, subject: _Subject, now: datetime) -> None:
        words = (event.message_id, event.diagnostic, event.domain, event.raw)
        stripped = subject.erased or self._names_erased(event, subject.email)
        self.db.execute(
            _STORE,
            (
                event.key,
                event.kind,
                event.outcome,
                event.at or at(now),
                at(now),
                subject.send_id,
                subject.delivery_id,
                subject.subscriber_id,
                event.type,
                event.subtype,
                event.status,
                *(("",) * len(words) if stripped else words),
            ),
        )

    def _count(self, event: Event, subject: _Subject) -> None:
        """Add what is new about a delivery to the tally of its send."""
        if not subject.delivery_id or event.outcome in {
            EventOutcome.NOTHING,
            EventOutcome.NEVER_SENT,
        }:
            return
        seen = {row[0] for row in self.db.execute(_SEEN, (subject.delivery_id,)).fetchall()}
        new = event.outcome not in seen
        bad = event.harms_reputation and new
        self.db.execute(
            _TALLY,
            (
                subject.send_id,
                not seen,
                new and event.outcome is EventOutcome.DELIVERED,
                bad and event.outcome is EventOutcome.BOUNCED,
                bad and event.outcome is EventOutcome.COMPLAINED,
            ),
        )

    # ---------------------------------------------------------------- acted upon

    def _consequences(
        self, event: Event, subject: _Subject, patience: int, now: datetime
    ) -> IngestResult:
        reason = self._reason(event, subject, patience) if subject.email else None
        said = " ".join(filter(None, (event.type, event.subtype, event.status, event.diagnostic)))
        suppressed = reason and self.silence(subject.email, reason, detail=said, now=now)
        alarms: tuple[NotSentAlert, ...] = ()
        if event.outcome is EventOutcome.NEVER_SENT:
            why = f"{event.kind}: {event.diagnostic}" if event.diagnostic else event.kind
            alarms = (NotSentAlert(subject.campaign, why),)
        return IngestResult(stored=1, suppressed=int(bool(suppressed)), alarms=alarms)

    def _reason(self, event: Event, subject: _Subject, patience: int) -> SuppressionReason | None:
        if event.outcome is EventOutcome.COMPLAINED:
            return SuppressionReason.COMPLAINED
        if event.outcome is EventOutcome.BOUNCED:
            return SuppressionReason.BOUNCED
        if event.outcome is EventOutcome.RETURNED:
            given = {"subscriber": subject.subscriber_id}
            (days,) = self.db.execute(_DAYS_RETURNED, given).fetchone()
            return SuppressionReason.BOUNCED if days >= patience else None
        return None

    def silence(self, email: str, reason: SuppressionReason, *, detail: str, now: datetime) -> bool:
        with self.writing():
            before = self._suppression(email)
            self.suppress(email, reason, detail=detail, now=now)
            if reason is SuppressionReason.COMPLAINED:
                self.db.execute(_UNSUBSCRIBE, (at(now), email))
            return before != self._suppression(email)

    # ---------------------------------------------------------------- added up

    def outcomes(self, send_id: int) -> DeliverabilityStats:
        row = self.db.execute(_OUTCOMES, (send_id,)).fetchone()
        known, delivered, bounced, complained, watched = row or (0, 0, 0, 0, 1)
        if known and not delivered:
            known = self.counts(send_id).accepted
        return DeliverabilityStats(known, bounced, complained, bool(watched))

    def stop_watching(self, send_id: int) -> None:
        with self.writing():
            self.db.execute(_STOP_WATCHING, (send_id,))

    def suppressed_for(
        self, reasons: Iterable[SuppressionReason]
    ) -> Iterator[tuple[str, SuppressionReason]]:
        last, wanted = "", json.dumps(list(reasons))
        while rows := self.db.execute(_SUPPRESSED, (wanted, last, PAGE)).fetchall():
            yield from ((address, SuppressionReason(reason)) for address, reason in rows)
            last = rows[-1][0]


def _subject(row: tuple[str, int, int, int, str, str | None]) -> _Subject:
    campaign, send_id, delivery_id, subscriber_id, _, email = row
    return _Subject(campaign, send_id, delivery_id, subscriber_id, email or "", email is None)


_SUBJECT = """
SELECT d.campaign, d.send_id, d.id, d.subscriber_id, d.message_id, s.email
FROM deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id"""

# The second condition says nothing new, but lets the index be used, which holds no others.
_BY_MESSAGE = f"{_SUBJECT} WHERE d.message_id = ? AND d.message_id <> ''"

_STORE = """
INSERT INTO events (key, kind, outcome, at, stored, send_id, delivery_id, subscriber_id,
    type, subtype, status, message_id, diagnostic, domain, raw)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_SEEN = """
SELECT DISTINCT outcome FROM events
WHERE delivery_id = ? AND delivery_id > 0 AND outcome NOT IN ('', 'never sent')"""

_TALLY = """
INSERT INTO tallies (send_id, known, delivered, bounced, complained) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (send_id) DO UPDATE SET known = known + excluded.known,
    delivered = delivered + excluded.delivered, bounced = bounced + excluded.bounced,
    complained = complained + excluded.complained"""

# The days since mail last got through: a delivery that came back later did not.
_DAYS_RETURNED = """
SELECT count(DISTINCT substr(at, 1, 10)) FROM events
WHERE subscriber_id = :subscriber AND outcome = 'returned' AND at > coalesce((
    SELECT max(d.at) FROM events d
    WHERE d.subscriber_id = :subscriber AND d.outcome = 'delivered' AND NOT EXISTS (
        SELECT 1 FROM events b WHERE b.delivery_id = d.delivery_id AND b.delivery_id > 0
            AND b.outcome = 'returned')), '')"""

_UNSUBSCRIBE = """
UPDATE memberships SET status = 'unsubscribed', since = ?, how = 'complaint'
WHERE status = 'subscribed' AND subscriber_id = (SELECT id FROM subscribers WHERE email = ?)"""

_OUTCOMES = "SELECT known, delivered, bounced, complained, watched FROM tallies WHERE send_id = ?"

_STOP_WATCHING = """
INSERT INTO tallies (send_id, known, delivered, bounced, complained, watched)
VALUES (?, 0, 0, 0, 0, 0) ON CONFLICT (send_id) DO UPDATE SET watched = 0"""

_SUPPRESSED = """
SELECT address, reason FROM suppressions
WHERE reason IN (SELECT value FROM json_each(?)) AND address > ? ORDER BY address LIMIT ?"""
