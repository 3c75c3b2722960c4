"""Events: the outcome of mail after the transport accepted it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mailer.ledger.event import DeliverabilityStats, Event, IngestResult


class Events(Protocol):
    def ingest(self, events: Iterable[Event], *, patience: int, now: datetime) -> IngestResult:
        """Store each event once, and apply its consequences.

        A permanent bounce suppresses the address. A complaint suppresses it and unsubscribes it from
        every list. Transient bounces on `patience` days suppress it if no mail got through between
        them. Mail that SES accepted and did not send becomes failed; any other event about a delivery
        proves that it was accepted.

        The ledger decides who an event is about: by the delivery that it names if campaign and
        message or address agree, else by the message id, else by the address of a subscriber if the
        message had no other recipient. For an erased person only what happened is kept.
        """
        ...

    def stats(self, send_id: int) -> DeliverabilityStats:
        """Bounces and complaints of a send so far."""
        ...

    def stop_watching(self, send_id: int) -> None:
        """Let a send go on regardless of its bounces and complaints, at a person's request."""
        ...
