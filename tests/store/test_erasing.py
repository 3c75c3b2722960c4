"""Erasing people: what is kept of them, and what never comes back."""

import pytest

from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.import_row import ImportTotals
from mailer.lists.membership import SuppressionReason
from mailer.store import connect
from tests.store.conftest import hashes
from tests.support.subscribers import LATER, NOW, audience, bring, contents, row, subscriber


def send_to_ana(store):
    """A send of which ana's delivery failed, with an answer that quotes her address."""
    bring(store, row("ana", first_name="Zyxwv"), row("bo", 2))
    ids = [s.id for s in store.subscribers.audience("members")]
    send, _ = store.sends.freeze(
        "vote", "members", ids, query="", snapshot=b"", digest="", transport="outbox", now=NOW
    )
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    (claim,) = store.deliveries.claim(send.id, 1, now=NOW)
    answer = "550 no such user ana@example.org"
    result = Result(claim.delivery_id, DeliveryState.FAILED, "m-1", answer)
    store.deliveries.record([result], now=NOW)
    return send


def test_history_tells_everything(store):
    send_to_ana(store)
    known = store.subscribers.history("ana@example.org")
    assert known.subscriber.first_name == "Zyxwv"
    assert known.deliveries == (
        {
            "campaign": "vote",
            "list": "members",
            "state": "failed",
            "at": NOW.isoformat(),
            "message_id": "m-1",
        },
    )
    assert store.subscribers.history("nobody@example.org") is None


@pytest.mark.sqlite_only("reads its files")
def test_erasing_leaves_nothing_of_the_person_in_the_files(store, tmp_path):
    send = send_to_ana(store)
    before = store.sends.counts(send.id)
    assert store.subscribers.erase("ana@example.org", now=LATER)
    assert store.sends.counts(send.id) == before
    data = b"".join(p.read_bytes() for p in (tmp_path / "lists").iterdir() if p.is_file())
    assert b"Zyxwv" not in data
    # the hashes of these tests spell the address out; the real ones do not
    assert data.count(b"ana@example.org") == data.count(b"hmac:hash of ana@example.org")


def test_a_pending_delivery_of_somebody_erased_is_skipped(store):
    send = send_to_ana(store)
    store.subscribers.erase("bo@example.org", now=LATER)
    counts = store.sends.counts(send.id)
    assert (counts.pending, counts.skipped) == (0, 1)
    assert counts.balanced


@pytest.mark.parametrize("kept", ["hash of", "older hash of"])
def test_no_import_brings_back_who_was_erased_under_any_key(store, kept):
    bring(store, row("ana"))
    store.subscribers.erase("ana@example.org", now=NOW)
    store.database.execute(
        "UPDATE suppressions SET address = :address", {"address": f"hmac:{kept} ana@example.org"}
    )
    stored = []
    rows = [row("ana", 1), row("bo", 2), row("ana", 3)]
    totals = bring(store, *rows, on_stored=stored.append)
    assert totals == ImportTotals(new=1, merged=1, erased=1, joined=1, mailable=1)
    assert [s.action for s in stored] == ["erased", "new", "merged"]
    assert audience(store) == ["bo"]


def test_who_is_erased_while_an_import_reads_stays_away(store):
    bring(store, row("ana"), row("cy", 2))
    store.subscribers.erase("cy@example.org", now=NOW)

    other = connect(store.database.path, hashes)

    def rows():
        yield row("ana")
        other.subscribers.erase("ana@example.org", now=NOW)
        yield row("cy", 2)

    totals = store.imports.import_rows("members", rows(), source="", now=NOW)
    other.close()
    assert totals == ImportTotals(erased=2)
    assert audience(store) == []


def test_who_is_erased_just_before_an_import_writes_stays_away(store, monkeypatch):
    bring(store, row("ana"))
    other = connect(store.database.path, hashes)
    writing = store.database.writing

    def erased_first():
        other.subscribers.erase("ana@example.org", now=NOW)
        return writing()

    monkeypatch.setattr(store.database, "writing", erased_first)
    assert bring(store, row("ana", 1), row("bo", 2)) == ImportTotals(
        new=1, erased=1, joined=1, mailable=1
    )
    other.close()
    assert audience(store) == ["bo"]


def test_a_late_bounce_does_not_bring_an_erased_address_back(store):
    bring(store, row("ana"))
    store.subscribers.erase("ana@example.org", now=NOW)
    store.suppressions.suppress(
        "ana@example.org", SuppressionReason.BOUNCED, detail="ana@example.org", now=LATER
    )
    assert contents(store)["suppressions"] == [
        ("hmac:hash of ana@example.org", "erased", "", "2026-05-04T12:00:00+00:00")
    ]


def test_an_address_that_was_suppressed_is_kept_as_a_hash_only(store):
    store.suppressions.suppress(
        "ana@example.org", SuppressionReason.BOUNCED, detail="550 ana@example.org", now=NOW
    )
    assert store.subscribers.erase("ana@example.org", now=NOW)
    assert [kept[0] for kept in contents(store)["suppressions"]] == ["hmac:hash of ana@example.org"]


def test_erasing_a_stranger_changes_nothing(store):
    bring(store, row("bo"))
    before = contents(store)
    assert not store.subscribers.erase("ana@example.org", now=NOW)
    assert contents(store) == before


def test_erasing_twice_is_told(store):
    bring(store, row("ana"))
    assert store.subscribers.erase("ana@example.org", now=NOW)
    assert not store.subscribers.erase("ana@example.org", now=LATER)
    known = store.subscribers.history("ana@example.org")
    assert known.subscriber is None
    assert (known.suppression, known.suppressed_at) == (
        SuppressionReason.ERASED,
        "2026-05-04T12:00:00+00:00",
    )


@pytest.mark.usefixtures("random_ids")
def test_the_id_of_somebody_erased_is_never_given_again(store):
    bring(store, row("ana"))
    gone = subscriber(store, "ana").id
    store.subscribers.erase("ana@example.org", now=NOW)
    bring(store, row("bo"))
    assert subscriber(store, "bo").id > gone
