"""What staff look for: people by name or address, and how a send went over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.import_row import ImportRow

NOW = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)
PEOPLE = [
    ("ana@example.org", "Ana", "Silva"),
    ("ana_b@example.net", "Anabel", "Reed"),
    ("bo@example.org", "Bo", "100%"),
    ("uma@example.com", "Uma", "Silva"),
]


@pytest.fixture
def store(store):
    rows = (
        ImportRow(row=row, email=email, first_name=first, last_name=last)
        for row, (email, first, last) in enumerate(PEOPLE, 1)
    )
    store.imports.import_rows("members", rows, source="test", now=NOW)
    other = [ImportRow(row=1, email="ana@example.com", first_name="Ana")]
    store.imports.import_rows("others", other, source="test", now=NOW)
    return store


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ana@example.org", ["ana@example.org"]),
        ("ANA", ["ana@example.org", "ana_b@example.net"]),
        ("silva", ["ana@example.org", "uma@example.com"]),
        ("silva ana", ["ana@example.org"]),
        ("silva\0ana", ["ana@example.org"]),
        ("an\0zz", []),
        ("ana silva", ["ana@example.org"]),
        ("_", ["ana_b@example.net"]),
        ("%", ["bo@example.org"]),
        ("\\", []),
        ("'; --", []),
        ("nobody", []),
        ("", [email for email, _, _ in PEOPLE]),
    ],
)
def test_people_are_found_by_every_word_of_their_name_or_address(store, words, found):
    assert [person.email for person in store.preview.search("members", words, 10)] == found


def test_a_search_is_bounded_and_finds_who_has_unsubscribed(store):
    store.subscribers.unsubscribe("members", "ana@example.org", how="staff", now=NOW)
    assert [person.email for person in store.preview.search("members", "a", 1)] == [
        "ana@example.org"
    ]
    assert store.preview.search("nowhere", "a", 10) == []


def test_the_pulse_of_a_send_counts_what_was_accepted_in_each_minute(store):
    ids = [person.id for person in store.subscribers.audience("members")]
    words = {"query": "", "snapshot": b"", "digest": "d", "transport": "outbox"}
    send, _ = store.sends.freeze("vote", "members", ids, **words, now=NOW)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert store.preview.accepted_by_minute(send.id) == []
    claims = store.deliveries.claim(send.id, 4, now=NOW)
    states = [DeliveryState.ACCEPTED] * 3 + [DeliveryState.FAILED]
    for claim, state, seconds in zip(claims, states, (0, 29, 30, 90), strict=True):
        at = NOW + timedelta(seconds=seconds)
        store.deliveries.record([Result(claim.delivery_id, state)], now=at)
    minutes = [(minute.at, minute.accepted) for minute in store.preview.accepted_by_minute(send.id)]
    noon = NOW.replace(second=0)
    assert minutes == [(noon, 2), (noon + timedelta(minutes=1), 1)]
