"""A ledger's file: mailed from, backed up and put back."""

import shutil
import sqlite3
from datetime import UTC, datetime

from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.import_row import ImportRow

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


def enroll(store, number=120):
    rows = [ImportRow(row, f"person{row}@example.org") for row in range(number)]
    store.imports.import_rows("members", rows, source="test", now=NOW)


def start(store, campaign="vote", transport="outbox"):
    ids = [person.id for person in store.subscribers.audience("members")]
    send, _ = store.sends.freeze(
        campaign, "members", ids, query="", snapshot=b"", digest="", transport=transport, now=NOW
    )
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    return send


def mail(store, send, number):
    """Claim and accept; returns who was mailed."""
    mailed = []
    while len(mailed) < number and (
        claims := store.deliveries.claim(send.id, min(20, number - len(mailed)), now=NOW)
    ):
        results = [Result(claim.delivery_id, DeliveryState.ACCEPTED) for claim in claims]
        store.deliveries.record(results, now=NOW)
        mailed += [claim.subscriber.email for claim in claims]
    return mailed


def back_up(store, file):
    file.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(file) as copy:
        store.database.connection.backup(copy)
    copy.close()


def put_back(backup, path):
    for file in path.parent.glob("mailer.db-*"):
        file.unlink()
    shutil.copy(backup, path)
