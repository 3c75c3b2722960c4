"""Uncertain deliveries: evidence from the events of neighboring deliveries, and a person's decision.

Events settle a delivery by themselves, in the store. This module decides nothing: it marks deliveries
that were very likely never sent, because SES has reported its Send event for each delivery beside them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from mailer.errors import UsageError
from mailer.events.ses import parse
from mailer.ledger.delivery import DeliveryState, Result, SendState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailer.ledger.delivery import Send, UncertainDelivery
    from mailer.store import Store

DELAY = timedelta(hours=1)
"""Time to wait for events: most come within seconds, and SQS delivers late ones within minutes."""
NEIGHBORS = 20
"""Accepted deliveries on each side that are looked at: they were handed over within the same minutes."""
FEWEST_NEIGHBORS = 10
"""Neighbors needed in all: fewer prove nothing."""


class EvidenceSource(Protocol):
    """A record of messages outside the ledger, such as Amazon's message insights."""

    def events(
        self, addresses: Iterable[str], *, since: datetime, until: datetime
    ) -> Iterable[str]:
        """Yield an event in the JSON of SES for each message to these addresses."""
        ...


class Decision(Enum):
    """A person's decision on uncertain deliveries."""

    NONE = "leave them"
    RESEND = "send to them again"
    RESEND_UNLIKELY = "send again to those that were very likely not sent"
    ASSUME_SENT = "count them as sent"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Numbers of settled and of still uncertain deliveries of one send."""

    campaign: str
    list: str
    resent: int
    assumed: int
    uncertain: tuple[UncertainDelivery, ...]


def reconcile(store: Store, send: Send, decision: Decision, now: datetime) -> Reconciled:
    """Apply a person's decision.

    Raises:
        UsageError: the send was cancelled, and the decision is to mail again.
    """
    resending = decision in {Decision.RESEND, Decision.RESEND_UNLIKELY}
    if resending and send.state is SendState.CANCELLED:
        raise UsageError(f"{send.campaign} to {send.shown_lists} was cancelled, which is final")
    chosen = [
        delivery.delivery_id
        for delivery in uncertain(store, send, now)
        if delivery.unlikely or decision is not Decision.RESEND_UNLIKELY
    ]
    again = [Result(number, DeliveryState.PENDING) for number in chosen if resending]
    detail = f"uncertain, taken for sent by hand on {now:%Y-%m-%d}"
    assumed = decision is Decision.ASSUME_SENT
    sent = [Result(number, DeliveryState.ACCEPTED, detail=detail) for number in chosen if assumed]
    return Reconciled(
        send.campaign,
        send.list_name,
        resent=store.deliveries.resolve(send.id, again, now=now),
        assumed=store.deliveries.resolve(send.id, sent, now=now),
        uncertain=tuple(uncertain(store, send, now)),
    )


def look_up(
    store: Store, send: Send, source: EvidenceSource, *, patience: int, now: datetime
) -> int:
    """Settle uncertain deliveries whose messages are on record elsewhere; return their number.

    A message counts only with the tags of this very delivery: the same person may have had other mail.

    Args:
        store: of the send.
        send: looked at.
        source: asked about the addresses in doubt.
        patience: see `Events.ingest`.
        now: aware UTC time.
    """
    doubtful = {
        str(delivery.delivery_id): delivery.email
        for delivery in store.deliveries.uncertain(send.id)
        if delivery.email
    }
    since = datetime.fromisoformat(send.created) - timedelta(minutes=5)
    bodies = source.events(set(doubtful.values()), since=since, until=now) if doubtful else ()
    events = [
        event for body in bodies for event in parse(body)[0] if str(event.delivery) in doubtful
    ]
    return store.events.ingest(events, patience=patience, now=now).settled


def uncertain(store: Store, send: Send, now: datetime) -> list[UncertainDelivery]:
    """Every uncertain delivery of a send, with whether it was very likely not sent."""
    return [
        replace(delivery, unlikely=_is_unlikely(store, delivery, now))
        for delivery in store.deliveries.uncertain(send.id)
    ]


def _is_unlikely(store: Store, delivery: UncertainDelivery, now: datetime) -> bool:
    if datetime.fromisoformat(delivery.since) > now - DELAY:
        return False
    neighbors = store.deliveries.neighbors_reported(delivery.delivery_id, NEIGHBORS)
    return len(neighbors) >= FEWEST_NEIGHBORS and all(neighbors)
