"""Claims and results: each delivery goes to one worker, and every result is counted."""

import pytest

from mailer.ledger.delivery import DeliveryState, Result, SendState, StoredMessage
from mailer.lists.import_row import ImportRow
from mailer.lists.membership import SuppressionReason
from mailer.store.sql import deliveries
from tests.support.ledger import (
    ACCEPTED,
    NOW,
    PENDING,
    address,
    emails,
    enrol,
    freeze,
    outcome,
    start,
)


def test_a_claim_is_committed_before_it_is_handed_out(store, other):
    send = start(store)
    claims = store.deliveries.claim(send.id, 4, now=NOW)
    assert len(claims) == 4
    assert other.sends.counts(send.id).sending == 4


def test_nobody_is_claimed_twice(store, other):
    send = start(store)
    claims = [
        *store.deliveries.claim(send.id, 6, now=NOW),
        *other.deliveries.claim(send.id, 6, now=NOW),
    ]
    assert sorted(emails(claims)) == sorted(address(n) for n in range(10))
    assert store.deliveries.claim(send.id, 6, now=NOW) == []


@pytest.mark.parametrize("state", [s for s in SendState if s is not SendState.SENDING])
def test_nothing_is_claimed_unless_the_send_is_sending(store, state):
    send, _ = freeze(store)
    store.sends.set_state(send.id, state, now=NOW)
    assert store.deliveries.claim(send.id, 5, now=NOW) == []


def test_a_claim_brings_the_whole_subscriber(store):
    row = ImportRow(
        row=1, email="a@example.org", first_name="Ana", last_name="Oyelaran", zip="97212",
        city="Portland", state="OR", county="Multnomah County", timezone="America/Los_Angeles",
        fields={"chapter": "East"}, tags=("donor", "volunteer"),
    )  # fmt: skip
    store.imports.import_rows("solo", [row], source="test", now=NOW)
    send = start(store, list_name="solo")
    (expected,) = store.subscribers.audience("solo")
    assert [claim.subscriber for claim in store.deliveries.claim(send.id, 5, now=NOW)] == [expected]
    assert expected.fields == {"chapter": "East"}


def test_whoever_left_since_is_skipped_with_the_reason_and_others_take_their_place(store):
    send = start(store)
    store.subscribers.unsubscribe("members", address(0), how="one-click", now=NOW)
    store.suppressions.suppress(address(1), SuppressionReason.COMPLAINED, detail="", now=NOW)
    store.subscribers.erase(address(2), now=NOW)
    reasons = {
        r.claim.subscriber.email: r.left_out for r in store.deliveries.remaining(send.id, now=NOW)
    }
    assert reasons[address(0)] == "unsubscribed"
    assert reasons[address(1)] == "complained"
    claims = store.deliveries.claim(send.id, 3, now=NOW)
    assert emails(claims) == [address(3), address(4), address(5)]
    counts = store.sends.counts(send.id)
    assert (counts.skipped, counts.sending, counts.pending) == (3, 3, 4)
    assert counts.balanced


def test_a_claim_passes_over_a_page_of_people_and_no_more(store, monkeypatch):
    monkeypatch.setattr(deliveries, "PAGE", 3)
    send = start(store)
    for number in range(4):
        store.subscribers.unsubscribe("members", address(number), how="form", now=NOW)
    assert store.deliveries.claim(send.id, 2, now=NOW) == []
    assert store.sends.counts(send.id).skipped == 3
    assert store.schedule.is_due(send.id, now=NOW)
    assert emails(store.deliveries.claim(send.id, 2, now=NOW)) == [address(4), address(5)]


def test_a_pending_delivery_whose_subscriber_is_missing_is_skipped_as_erased(store):
    send = start(store, ids=[1, 2])
    with store.database.writing():
        store.database.connection.execute("DELETE FROM memberships WHERE subscriber_id = 1")
        store.database.connection.execute("DELETE FROM subscribers WHERE id = 1")
    assert [r.left_out for r in store.deliveries.remaining(send.id, now=NOW)] == ["erased", ""]
    assert [claim.subscriber.id for claim in store.deliveries.claim(send.id, 5, now=NOW)] == [2]
    assert store.sends.counts(send.id).skipped == 1


def test_outcomes_are_recorded_with_their_details(store):
    send = start(store)
    good, bad, lost, back = store.deliveries.claim(send.id, 4, now=NOW)
    store.deliveries.record(
        [
            Result(good.delivery_id, ACCEPTED, message_id="<1@example.org>"),
            Result(bad.delivery_id, DeliveryState.FAILED, detail="550 no such person"),
            Result(lost.delivery_id, DeliveryState.UNCERTAIN, detail="timed out"),
            Result(back.delivery_id, PENDING),
        ],
        now=NOW,
    )
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.failed, counts.uncertain, counts.pending) == (1, 1, 1, 7)
    assert store.deliveries.failures(send.id, 10) == [
        (address(1), "550 no such person"),
        (address(2), "timed out"),
    ]
    assert store.deliveries.failures(send.id, 1) == [(address(1), "550 no such person")]


def test_what_comes_back_unsent_is_claimed_again_and_what_was_accepted_is_not(store):
    send = start(store)
    first, second = store.deliveries.claim(send.id, 2, now=NOW)
    store.deliveries.record([*outcome([first]), *outcome([second], PENDING)], now=NOW)
    assert emails(store.deliveries.claim(send.id, 99, now=NOW)) == [
        address(n) for n in range(1, 10)
    ]


def test_somebody_erased_while_in_flight_stays_in_the_counts(store):
    send = start(store)
    claims = store.deliveries.claim(send.id, 2, now=NOW)
    store.subscribers.erase(claims[0].subscriber.email, now=NOW)
    store.deliveries.record(outcome(claims, DeliveryState.FAILED, detail="refused"), now=NOW)
    assert store.sends.counts(send.id).failed == 2
    assert "(erased)" in dict(store.deliveries.failures(send.id, 9))


def test_of_somebody_erased_while_in_flight_no_copy_is_kept(store):
    send = start(store)
    claims = store.deliveries.claim(send.id, 2, now=NOW)
    store.subscribers.erase(claims[0].subscriber.email, now=NOW)
    store.deliveries.record(
        outcome(claims, kept=StoredMessage("digest", b"words", '["Ana"]')), now=NOW
    )
    copies = [store.web_versions.find(claim.subscriber.id, send.id) for claim in claims]
    email = claims[1].subscriber.email
    assert copies == [None, StoredMessage("digest", b"words", '["Ana"]', email=email)]


def test_values_that_many_share_are_kept_once_for_each_send_and_found_with_the_mail(store):
    shared = {"d1": '["the office in Salem"]', "d2": '["the office in Boise"]'}
    for send in (start(store), start(store, campaign="gala")):
        claims = store.deliveries.claim(send.id, 3, now=NOW)
        results = [
            *outcome(claims[:2], kept=StoredMessage("v", b"", '["Ana",{"is":"d1"}]', shared)),
            *outcome(claims[2:], kept=StoredMessage("v", b"", '["Bo",{"is":"d2"}]', shared)),
        ]
        store.deliveries.record(results, now=NOW)
        kept = [store.web_versions.find(claim.subscriber.id, send.id) for claim in claims]
        assert [message.shared for message in kept] == [
            {"d1": shared["d1"]},
            {"d1": shared["d1"]},
            {"d2": shared["d2"]},
        ]
    assert store.database.value("SELECT count(*) FROM shared_values") == 4


def test_already_delivered_lists_everybody_with_a_delivery_in_order(store):
    freeze(store, ids=[3, 1])
    enrol(store, range(10), "friends")
    freeze(store, ids=[2], list_name="friends")
    assert list(store.deliveries.already_delivered("vote")) == [1, 2, 3]
    assert list(store.deliveries.already_delivered("picnic")) == []
