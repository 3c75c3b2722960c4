"""A send that is frozen and under way."""

from __future__ import annotations

from datetime import UTC, datetime

from mailer.ledger.delivery import SendState
from mailer.lists.import_row import ImportRow

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def freeze(store, people=6, campaign="vote", quiet_hours=0):
    rows = [ImportRow(n, f"person{n}@example.org") for n in range(1, people + 1)]
    store.imports.import_rows("members", rows, source="test", now=NOW)
    ids = [person.id for person in store.subscribers.audience("members")]
    content = {"query": "", "snapshot": b"", "digest": "", "transport": "fake"}
    send, _ = store.sends.freeze(
        campaign, "members", ids, **content, quiet_hours=quiet_hours, now=NOW
    )
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    return send
