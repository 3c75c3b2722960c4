"""Status of a send, in one word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.ledger.delivery import SendState

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.ledger.delivery import Send
    from mailer.store import Store


def status_of(store: Store, send: Send, now: datetime) -> str:
    """The state; or "scheduled" while the send waits for its time, "stopped" when its process is gone."""
    if send.state is SendState.QUEUED and store.schedule.next_due(send.id, now=now):
        return "scheduled"
    if send.state is SendState.SENDING and not store.schedule.is_anyone_at_work(send.id):
        return "stopped"
    return send.state
