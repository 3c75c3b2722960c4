"""Unsubscribing and suppressions, which no import takes back."""

from mailer.lists.import_row import ImportTotals
from mailer.lists.membership import SuppressionReason
from tests.support.subscribers import LATER, NOW, audience, bring, row


def test_unsubscribing_is_for_one_list_and_happens_once(store):
    bring(store, row("ana"))
    bring(store, row("ana"), to="board")
    assert store.subscribers.unsubscribe("members", "ana@example.org", how="form", now=LATER)
    assert not store.subscribers.unsubscribe("members", "ana@example.org", how="staff", now=LATER)
    assert not store.subscribers.unsubscribe("members", "bo@example.org", how="staff", now=LATER)
    assert not store.subscribers.unsubscribe("other", "ana@example.org", how="staff", now=LATER)
    board, members = store.subscribers.history("ana@example.org").memberships
    assert (board.status, members.status) == ("subscribed", "unsubscribed")
    assert (members.since, members.how) == ("2026-06-01T09:30:00+00:00", "form")


def test_no_import_brings_back_who_unsubscribed_or_is_suppressed(store):
    bring(store, row("ana"), row("bo", 2))
    store.subscribers.unsubscribe("members", "ana@example.org", how="form", now=NOW)
    store.suppressions.suppress("bo@example.org", SuppressionReason.BOUNCED, detail="", now=NOW)
    store.suppressions.suppress("cy@example.org", SuppressionReason.MANUAL, detail="", now=NOW)
    totals = bring(store, row("ana", 1), row("bo", 2), row("cy", 3), row("dee", 4))
    assert totals == ImportTotals(
        new=2,
        updated=2,
        joined=2,
        kept_unsubscribed=1,
        kept_suppressed=2,
        mailable=1,
        unsubscribed=1,
        bounced=1,
        do_not_mail=1,
    )
    assert audience(store) == ["dee"]


def test_the_strongest_reason_stands(store):
    store.suppressions.suppress(
        "ana@example.org", SuppressionReason.UNSUBSCRIBED, detail="", now=NOW
    )
    store.suppressions.suppress("ana@example.org", SuppressionReason.BOUNCED, detail="", now=LATER)
    store.suppressions.suppress(
        "ana@example.org", SuppressionReason.COMPLAINED, detail="", now=LATER
    )
    store.suppressions.suppress(
        "ana@example.org", SuppressionReason.UNSUBSCRIBED, detail="", now=LATER
    )
    known = store.subscribers.history("ana@example.org")
    assert known.subscriber is None
    assert (known.suppression, known.suppressed_at) == (
        SuppressionReason.COMPLAINED,
        "2026-06-01T09:30:00+00:00",
    )
