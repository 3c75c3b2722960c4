"""How a send stands, in one word: its state, or what that comes to at this moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.ledger.delivery import SendState

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.ledger.delivery import Send
    from mailer.store import Store


def status_of(store: Store, send: Send, now: datetime) -> str:
    """Its state; or "scheduled" when it waits for its time, "stopped" when its process is gone."""
    if send.state is SendState.QUEUED and store.schedule.next_due(send.id, now=now):
        return "scheduled"
    if send.state is SendState.SENDING and not store.schedule.is_anyone_at_work(send.id):
        return "stopped"
    return send.state
