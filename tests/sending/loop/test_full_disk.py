"""The send loop while the ledger cannot be written."""

import pytest

from mailer.errors import SendStopped, StoreError
from mailer.sending.loop import SendProgress

pytestmark = pytest.mark.usefixtures("database_kind")  # on SQLite and on PostgreSQL


def refuse_to_record(store, monkeypatch, times):
    """The disk takes nothing for so many times."""
    record, refused = store.deliveries.record, iter(range(times))

    def refusing(results, *, now):
        if next(refused, None) is not None:
            raise StoreError("the database cannot be written: database or disk is full")
        return record(results, now=now)

    monkeypatch.setattr(store.deliveries, "record", refusing)


def test_answers_are_kept_while_the_disk_is_full_and_nothing_more_is_claimed(
    make, send, store, way, monkeypatch
):
    refuse_to_record(store, monkeypatch, 5)
    claim, claims = store.deliveries.claim, []
    monkeypatch.setattr(
        store.deliveries, "claim", lambda *a, **k: claims.append(len(way.got)) or claim(*a, **k)
    )
    assert make().run(send) == SendProgress(accepted=25)
    assert store.sends.counts(send.id).accepted == 25
    assert len(way.got) == len(set(way.got)) == 25
    assert claims == [0, 10, 20]


def test_a_disk_that_stays_full_stops_with_the_number_of_answers(
    make, send, store, way, monkeypatch
):
    refuse_to_record(store, monkeypatch, 10_000)
    with pytest.raises(SendStopped, match="10 answers are not on record") as stop:
        make().run(send)
    assert "mailer resume" in stop.value.hint
    assert len(way.got) == 10
    counts = store.sends.counts(send.id)
    assert (counts.sending, counts.pending, counts.balanced) == (10, 15, True)
