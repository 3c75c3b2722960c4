"""Of the reasons of a suppression the strongest holds, and all are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailer.lists.import_row import ImportedStanding, ImportRow
from mailer.lists.membership import SuppressedAddress, SuppressionReason

ANA = "ana@example.org"
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
BOUNCED, COMPLAINED, MANUAL, UNSUBSCRIBED = (
    SuppressionReason.BOUNCED,
    SuppressionReason.COMPLAINED,
    SuppressionReason.MANUAL,
    SuppressionReason.UNSUBSCRIBED,
)


@pytest.fixture
def ana(store):
    bring(store)
    return store.subscribers.history(ANA).subscriber.id


def bring(store, standing=None):
    rows = [ImportRow(2, ANA, standing=standing)]
    return store.imports.import_rows("members", rows, source="a form", now=NOW).number


def suppress(store, *reasons):
    for day, reason in enumerate(reasons):
        at = NOW + timedelta(days=day)
        store.suppressions.suppress(ANA, reason, detail=f"day {day}", now=at)


def others(store):
    history = store.subscribers.history(ANA)
    rows = history.elsewhere.get("other_reasons_of_suppression", [])
    return history.suppression, [row["reason"] for row in rows]


@pytest.mark.parametrize(
    "reasons",
    [(BOUNCED, COMPLAINED, MANUAL), (COMPLAINED, MANUAL, BOUNCED), (MANUAL, BOUNCED, COMPLAINED)],
)
def test_every_reason_is_kept_whatever_came_first(store, reasons):
    suppress(store, *reasons)
    assert others(store) == (COMPLAINED, [reason for reason in reasons if reason != COMPLAINED])


def test_a_reason_that_is_alone_is_shown_once(store):
    suppress(store, BOUNCED)
    assert others(store) == (BOUNCED, [])


def test_a_bounce_that_is_reported_for_each_campaign_is_kept_once(store):
    suppress(store, BOUNCED, COMPLAINED, BOUNCED, BOUNCED)
    assert others(store) == (COMPLAINED, [BOUNCED])


def test_leaving_everything_is_kept_beside_a_complaint(store, ana):
    suppress(store, COMPLAINED)
    store.unsubscribes.leave(ana, 0, everything=True, how="page", now=NOW)
    assert others(store) == (COMPLAINED, [UNSUBSCRIBED])


def test_reasons_of_a_file_are_kept(store):
    suppress(store, COMPLAINED)
    entry = SuppressedAddress(ANA, MANUAL, "", "asked on the phone")
    store.suppressions.suppress_all([entry], now=NOW)
    bring(store, ImportedStanding(suppression=BOUNCED))
    assert others(store) == (COMPLAINED, [BOUNCED, MANUAL])


def test_undoing_an_import_takes_its_reasons_back(store):
    suppress(store, COMPLAINED)
    number = bring(store, ImportedStanding(suppression=BOUNCED))
    store.import_log.undo(number, now=NOW)
    assert others(store) == (COMPLAINED, [])


@pytest.mark.usefixtures("ana")
def test_erasing_forgets_every_reason(store):
    suppress(store, BOUNCED, COMPLAINED)
    store.subscribers.erase(ANA, now=NOW)
    assert others(store) == (SuppressionReason.ERASED, [])
    assert store.database.value("SELECT count(*) FROM suppression_reasons") == 0


@pytest.mark.sqlite_only("its own older schemas")
def test_reasons_from_before_they_were_kept_are_taken_over(store):
    suppress(store, BOUNCED)
    store.database.execute("DROP TABLE suppression_reasons")
    step = {"name": "all_reasons_of_suppressions"}
    store.database.execute("DELETE FROM _sqlite_migrations WHERE name = :name", step)
    store.close()
    store.database.__init__(store.database.path)
    suppress(store, COMPLAINED)
    assert others(store) == (COMPLAINED, [BOUNCED])
