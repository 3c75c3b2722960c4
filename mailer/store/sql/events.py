"""Events and what they change: stored and acted upon in one transaction."""

from __future__ import annotations

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
from mailer.store.sql.rows import iso

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mailer.ledger.event import Event
    from mailer.store.sql.database import SqlDatabase
    from mailer.store.sql.reconciliation import Reconciliation
    from mailer.store.sql.sends import SqlSends
    from mailer.store.sql.suppressions import SqlSuppressions


@dataclass(frozen=True, slots=True)
class _Subject:
    """The person and delivery of an event, according to the ledger."""

    campaign: str = ""
    send_id: int = 0
    delivery_id: int = 0
    subscriber_id: int = 0
    email: str = ""
    erased: bool = False


class SqlEvents:
    def __init__(
        self,
        database: SqlDatabase,
        suppressions: SqlSuppressions,
        sends: SqlSends,
        reconciliation: Reconciliation,
    ) -> None:
        self._db = database
        self._suppressions = suppressions
        self._sends = sends
        self._reconciliation = reconciliation

    def ingest(self, events: Iterable[Event], *, patience: int, now: datetime) -> IngestResult:
        with self._db.writing():
            result, proving = IngestResult(), set[int]()
            for event in events:
                if self._db.row(_IS_KNOWN, {"key": event.key}):
                    result = replace(result, known=result.known + 1)
                    continue
                subject = self._subject(event)
                self._count(event, subject)
                self._store(event, subject, now)
                result = result.plus(self._consequences(event, subject, patience, now))
                proving.add(subject.delivery_id)
            settled = self._reconciliation.prove(proving - {0}, iso(now))
        return replace(result, settled=settled)

    # ---------------------------------------------------------------- who it is about

    def _subject(self, event: Event) -> _Subject:
        return (
            self._by_tags(event)
            or self._by_message(event)
            or self._by_address(event)
            or self._by_complaint(event)
        )

    def _by_tags(self, event: Event) -> _Subject | None:
        """The tags name a delivery of ours, unless they are those of another project."""
        row = self._db.row(_BY_DELIVERY, {"delivery": event.delivery})
        if row is None or delivery_tag(row[0]) != event.campaign:
            return None
        message_id, email = row[4:]
        if email is None:
            # of an erased person, only a hash of the address is left to compare
            return _subject(row) if self._names_erased(event) else None
        agrees = event.recipient == email or (message_id and event.message_id == message_id)
        return _subject(row) if agrees else None

    def _names_erased(self, event: Event, known: str = "") -> bool:
        """Whether any address in it, except a known one, belongs to an erased person."""
        addresses = {event.recipient, *event.destination} - {known, ""}
        reasons = map(self._suppressions.reason, addresses)
        return any(reason is SuppressionReason.ERASED for reason in reasons)

    def _by_message(self, event: Event) -> _Subject | None:
        """Notifications of an identity carry no tags."""
        if not event.message_id:
            return None
        row = self._db.row(_BY_MESSAGE, {"message": event.message_id})
        return _subject(row) if row else None

    def _by_address(self, event: Event) -> _Subject | None:
        """Mail that is not in the ledger: test mail, confirmations, other mail of the account."""
        if not event.recipient:
            return None
        subscriber_id = self._db.value(_BY_ADDRESS, {"email": event.recipient})
        email = event.recipient if event.alone else ""
        return _Subject(subscriber_id=subscriber_id, email=email) if subscriber_id else None

    def _by_complaint(self, event: Event) -> _Subject:
        """An address that is on no list yet: its complaint takes effect when it is imported."""
        complained = event.outcome is EventOutcome.COMPLAINED and event.alone
        if not complained or self._names_erased(event):
            return _Subject()
        return _Subject(email=event.recipient)

    # ---------------------------------------------------------------- stored

    def _store(self, event: Event, subject: _Subject, now: datetime) -> None:
        row = {
            "key": event.key,
            "kind": event.kind,
            "outcome": event.outcome,
            "at": event.at or iso(now),
            "stored": iso(now),
            "send": subject.send_id,
            "delivery": subject.delivery_id,
            "subscriber": subject.subscriber_id,
            "type": event.type,
            "subtype": event.subtype,
            "status": event.status,
            "message": event.message_id,
            "diagnostic": event.diagnostic,
            "domain": event.domain,
            "raw": event.raw,
        }
        if subject.erased or self._names_erased(event, subject.email):
            row |= {"message": "", "diagnostic": "", "domain": "", "raw": ""}
        self._db.execute(_STORE, row)

    def _count(self, event: Event, subject: _Subject) -> None:
        """Add what is new about a delivery to the tally of its send."""
        if not subject.delivery_id or event.outcome in _NOT_COUNTED:
            return
        seen = {row[0] for row in self._db.rows(_SEEN, {"delivery": subject.delivery_id})}
        new = event.outcome not in seen
        bad = event.harms_reputation and new
        self._db.execute(
            _TALLY,
            {
                "send": subject.send_id,
                "known": int(not seen),
                "delivered": int(new and event.outcome is EventOutcome.DELIVERED),
                "bounced": int(bad and event.outcome is EventOutcome.BOUNCED),
                "complained": int(bad and event.outcome is EventOutcome.COMPLAINED),
            },
        )

    # ---------------------------------------------------------------- acted upon

    def _consequences(
        self, event: Event, subject: _Subject, patience: int, now: datetime
    ) -> IngestResult:
        reason = self._reason(event, subject, patience) if subject.email else None
        detail = " ".join(filter(None, (event.type, event.subtype, event.status, event.diagnostic)))
        suppressed = reason and self._suppressions.suppress_reported(
            subject.email, reason, detail=detail, now=now
        )
        alarms: tuple[NotSentAlert, ...] = ()
        if event.outcome is EventOutcome.NEVER_SENT:
            why = f"{event.kind}: {event.diagnostic}" if event.diagnostic else event.kind
            alarms = (NotSentAlert(subject.campaign, why),)
        return IngestResult(
            stored=1,
            suppressed=int(bool(suppressed)),
            alarms=alarms,
            not_tried=int(event.outcome is EventOutcome.NOT_TRIED),
            unrecognized=int(event.outcome is EventOutcome.UNRECOGNIZED),
        )

    def _reason(self, event: Event, subject: _Subject, patience: int) -> SuppressionReason | None:
        if event.outcome is EventOutcome.COMPLAINED:
            return SuppressionReason.COMPLAINED
        if event.outcome is EventOutcome.BOUNCED:
            return SuppressionReason.BOUNCED
        if event.outcome is EventOutcome.RETURNED:
            days = self._db.value(_DAYS_RETURNED, {"subscriber": subject.subscriber_id})
            return SuppressionReason.BOUNCED if days >= patience else None
        return None

    # ---------------------------------------------------------------- added up

    def stats(self, send_id: int) -> DeliverabilityStats:
        row = self._db.row(_STATS, {"send": send_id})
        outcomes, delivered, bounced, complained, watched = row or (0, 0, 0, 0, 1)
        if outcomes and not delivered:
            outcomes = self._sends.counts(send_id).accepted
        return DeliverabilityStats(outcomes, bounced, complained, bool(watched))

    def stop_watching(self, send_id: int) -> None:
        with self._db.writing():
            self._db.execute(_STOP_WATCHING, {"send": send_id})


def _subject(row: tuple[str, int, int, int, str, str | None]) -> _Subject:
    campaign, send_id, delivery_id, subscriber_id, _, email = row
    return _Subject(campaign, send_id, delivery_id, subscriber_id, email or "", email is None)


_SUBJECT = """
SELECT d.campaign, d.send_id, d.id, d.subscriber_id, d.message_id, s.email
FROM deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id"""

_IS_KNOWN = "SELECT 1 FROM events WHERE key = :key"

_BY_DELIVERY = f"{_SUBJECT} WHERE d.id = :delivery"

_BY_ADDRESS = "SELECT id FROM subscribers WHERE email = :email"

# The second condition says nothing new, but lets the index be used, which holds no others.
_BY_MESSAGE = f"{_SUBJECT} WHERE d.message_id = :message AND d.message_id <> ''"

_STORE = """
INSERT INTO events (key, kind, outcome, at, stored, send_id, delivery_id, subscriber_id,
    type, subtype, status, message_id, diagnostic, domain, raw)
VALUES (:key, :kind, :outcome, :at, :stored, :send, :delivery, :subscriber,
    :type, :subtype, :status, :message, :diagnostic, :domain, :raw)"""

_NOT_COUNTED = {
    EventOutcome.NOTHING,
    EventOutcome.NEVER_SENT,
    EventOutcome.NOT_TRIED,
    EventOutcome.UNRECOGNIZED,
}
"""Outcomes that say nothing about how a send's mail is received."""

_SEEN = f"""
SELECT DISTINCT outcome FROM events
WHERE delivery_id = :delivery AND delivery_id > 0
    AND outcome NOT IN ({", ".join(f"'{outcome}'" for outcome in _NOT_COUNTED)})"""

_TALLY = """
INSERT INTO tallies (send_id, known, delivered, bounced, complained)
VALUES (:send, :known, :delivered, :bounced, :complained)
ON CONFLICT (send_id) DO UPDATE SET known = tallies.known + excluded.known,
    delivered = tallies.delivered + excluded.delivered,
    bounced = tallies.bounced + excluded.bounced,
    complained = tallies.complained + excluded.complained"""

# The days since mail last got through: a delivery that came back later did not.
_DAYS_RETURNED = """
SELECT count(DISTINCT substr(at, 1, 10)) FROM events
WHERE subscriber_id = :subscriber AND outcome = 'returned' AND at > coalesce((
    SELECT max(d.at) FROM events d
    WHERE d.subscriber_id = :subscriber AND d.outcome = 'delivered' AND NOT EXISTS (
        SELECT 1 FROM events b WHERE b.delivery_id = d.delivery_id AND b.delivery_id > 0
            AND b.outcome = 'returned')), '')"""

_STATS = """
SELECT known, delivered, bounced, complained, watched FROM tallies WHERE send_id = :send"""

_STOP_WATCHING = """
INSERT INTO tallies (send_id, known, delivered, bounced, complained, watched)
VALUES (:send, 0, 0, 0, 0, 0) ON CONFLICT (send_id) DO UPDATE SET watched = 0"""
