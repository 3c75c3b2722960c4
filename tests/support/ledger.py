"""People, sends and results for tests of the ledger."""

from datetime import UTC, datetime

from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.import_row import ImportRow
from tests.support.stores import kill

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ACCEPTED, PENDING = DeliveryState.ACCEPTED, DeliveryState.PENDING


def hashes(email):
    return [f"hash of {email}"]


def address(number):
    return f"person{number}@example.org"


def enrol(store, numbers, list_name="members"):
    rows = [ImportRow(row=i, email=address(n)) for i, n in enumerate(numbers, 1)]
    store.imports.import_rows(list_name, rows, source="test", now=NOW)


def freeze(store, ids=None, *, campaign="vote", list_name="members", snapshot=b"words"):
    if ids is None:
        ids = [subscriber.id for subscriber in store.subscribers.audience(list_name)]
    words = {"query": "", "snapshot": snapshot, "digest": "d", "transport": "outbox"}
    return store.sends.freeze(campaign, list_name, ids, **words, now=NOW)


def start(store, **options):
    send, _ = freeze(store, **options)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    return send


def outcome(claims, state=ACCEPTED, **more):
    return [Result(claim.delivery_id, state, **more) for claim in claims]


def emails(claims):
    return [claim.subscriber.email for claim in claims]


def die(store):
    """As the kernel sees a process die: the lock is free, nothing is tidied up."""
    kill(store)
    store.database.connection.close()
