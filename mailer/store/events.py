"""What is asked of a store about events: take them in, and say what they add up to.

Every method is one transaction. Times are aware UTC datetimes, passed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mailer.ledger.event import DeliverabilityStats, Event, IngestResult
    from mailer.lists.membership import SuppressionReason


class EventStore(Protocol):
    def take_in(self, events: Iterable[Event], *, patience: int, now: datetime) -> IngestResult:
        """Store each event once, and do what it asks for.

        A permanent bounce suppresses; so does a complaint, which unsubscribes from everything, too;
        so do transient bounces on `patience` days with no mail getting through between them. What
        SES accepted and did not send has failed; anything else that is reported of a delivery
        proves that it was accepted. Whom an event is about, the ledger says: by the delivery that
        it names if campaign and message or address agree, else by the message id, else by the
        address of a subscriber if the message had no other recipient. Of somebody erased, only
        what happened is kept.
        """
        ...

    def silence(self, email: str, reason: SuppressionReason, *, detail: str, now: datetime) -> bool:
        """Suppress an address; one that complained is unsubscribed from everything, too.

        False when it was suppressed before, for this or a better reason.
        """
        ...

    def outcomes(self, send_id: int) -> DeliverabilityStats: ...

    def stop_watching(self, send_id: int) -> None:
        """A person has said that the send is to go on, whatever the outcomes."""
        ...

    def suppressed_for(
        self, reasons: Iterable[SuppressionReason]
    ) -> Iterator[tuple[str, SuppressionReason]]:
        """Addresses that are suppressed for one of these reasons, streamed."""
        ...
