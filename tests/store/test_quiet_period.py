"""The quiet period: whoever had another campaign lately is left alone, to the last moment."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.ledger.delivery import HELD_BACK, DeliveryState, Result, SendState
from mailer.lists.import_row import ImportRow
from mailer.store import connect

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ACCEPTED = DeliveryState.ACCEPTED


def hours(number):
    return timedelta(hours=number)


def enrol(store, count):
    rows = [ImportRow(row=n, email=f"person{n}@example.org") for n in range(1, count + 1)]
    store.imports.import_rows("members", rows, source="test", now=NOW)


def freeze(store, campaign, ids, *, quiet=0.0, now=NOW, **more):
    words = {"query": "", "snapshot": b"words", "digest": "d", "transport": "outbox"}
    send, _ = store.sends.freeze(
        campaign, "members", ids, **words, quiet_hours=quiet, **more, now=now
    )
    return send


def mail(store, campaign, ids, *, now=NOW, state=ACCEPTED, **more):
    send = freeze(store, campaign, ids, now=now, **more)
    store.sends.set_state(send.id, SendState.SENDING, now=now)
    claims = store.deliveries.claim(send.id, 100, now=now)
    store.deliveries.record([Result(claim.delivery_id, state) for claim in claims], now=now)
    store.sends.set_state(send.id, SendState.FINISHED, now=now)
    return send


def claimed(store, send, *, now=NOW):
    store.sends.set_state(send.id, SendState.SENDING, now=now)
    return [claim.subscriber.id for claim in store.deliveries.claim(send.id, 100, now=now)]


@pytest.fixture(autouse=True)
def people(store):
    enrol(store, 6)


def had(store, campaign="next", *, period=24.0, now=NOW):
    return list(store.quiet_period.recently_mailed(campaign, hours=period, now=now))


def test_it_lasts_as_many_hours_as_it_says(store):
    mail(store, "vote", [1, 2], now=NOW - hours(24))
    assert had(store) == [1, 2]
    assert had(store, now=NOW + timedelta(seconds=1)) == []


def test_the_same_campaign_is_not_another(store):
    mail(store, "vote", [1, 2])
    assert had(store, "vote") == []


def test_several_campaigns_come_in_one_ascending_stream(store):
    mail(store, "vote", [1, 4, 5])
    mail(store, "gala", [2, 4, 6])
    assert had(store) == [1, 2, 4, 4, 5, 6]


@pytest.mark.parametrize(
    ("state", "counts"),
    [(ACCEPTED, True), (DeliveryState.UNCERTAIN, True), (DeliveryState.FAILED, False)],
)
def test_only_what_may_have_arrived_counts(store, state, counts):
    mail(store, "vote", [1], state=state)
    assert had(store) == [1] * counts
    send = freeze(store, "next", [1], quiet=24)
    assert claimed(store, send) == [1] * (not counts)


def test_of_two_sends_that_wait_only_the_first_reaches_a_person(store):
    first = freeze(store, "vote", [1, 2, 3], quiet=24)
    second = freeze(store, "next", [2, 3, 4], quiet=24)
    assert claimed(store, first) == [1, 2, 3]
    # those are in flight still
    assert [r.left_out for r in store.deliveries.remaining(second.id, now=NOW)] == [
        HELD_BACK,
        HELD_BACK,
        "",
    ]
    assert claimed(store, second) == [4]
    counts = store.sends.counts(second.id)
    assert (counts.skipped, counts.sending, counts.balanced) == (2, 1, True)


def test_whoever_was_passed_over_can_be_frozen_again_and_is_counted_once(store):
    mail(store, "vote", [1, 2])
    send = freeze(store, "next", [1, 2, 3], quiet=24)
    assert claimed(store, send) == [3]
    assert store.quiet_period.held_back(send.id) == [1, 2]
    later = NOW + hours(25)
    again = freeze(store, "next", [1], now=later)
    counts = store.sends.counts(send.id)
    assert (again.id, counts.audience, counts.pending, counts.skipped) == (send.id, 3, 1, 1)
    assert counts.balanced
    assert claimed(store, again, now=later) == [1]
    assert store.quiet_period.held_back(send.id) == [2]


def test_a_finished_send_is_queued_again_for_whom_it_passed_over(store):
    mail(store, "vote", [1])
    send = mail(store, "next", [1, 2], quiet=24)
    assert store.sends.find("next", "members").state is SendState.FINISHED
    assert freeze(store, "next", [1], now=NOW + hours(25)).state is SendState.QUEUED
    assert store.quiet_period.held_back(send.id) == []


def test_whoever_was_skipped_for_another_reason_stays_skipped(store):
    send = freeze(store, "next", [1, 2], quiet=24)
    store.subscribers.unsubscribe("members", "person1@example.org", how="form", now=NOW)
    assert claimed(store, send) == [2]
    freeze(store, "next", [1], now=NOW + hours(25))
    assert store.sends.counts(send.id).skipped == 1


def test_whoever_had_it_under_a_former_address_is_the_same_person(store):
    mail(store, "vote", [1, 3])
    store.database.connection.execute("INSERT INTO moves (subscriber_id, formerly) VALUES (6, 1)")
    assert had(store) == [1, 3, 6]
    assert claimed(store, freeze(store, "next", [5, 6], quiet=24)) == [5]


def test_a_send_without_a_quiet_period_reaches_everybody(store):
    mail(store, "vote", [1, 2])
    assert claimed(store, freeze(store, "alert", [1, 2])) == [1, 2]


def test_whoever_was_mailed_long_before_is_claimed(store):
    mail(store, "vote", [1], now=NOW - hours(25))
    assert claimed(store, freeze(store, "next", [1], quiet=24)) == [1]


def test_a_send_whose_process_died_is_not_forgotten(store):
    send = freeze(store, "vote", [1], now=NOW - hours(30))
    store.sends.set_state(send.id, SendState.SENDING, now=NOW - hours(30))
    claims = store.deliveries.claim(send.id, 100, now=NOW)
    store.deliveries.record([Result(claim.delivery_id, ACCEPTED) for claim in claims], now=NOW)
    assert had(store) == [1]


def test_the_number_held_back_is_that_of_the_last_time_people_were_added(store):
    freeze(store, "vote", [1], quiet=24, held_back=5)
    again = freeze(store, "vote", [2, 3], quiet=99, held_back=3)
    assert (again.held_back, again.quiet_hours) == (3, 24)


deliveries = st.lists(
    st.tuples(
        st.sampled_from(["vote", "gala", "next"]),
        st.integers(1, 6),
        st.integers(0, 60),
        st.sampled_from([ACCEPTED, DeliveryState.UNCERTAIN, DeliveryState.FAILED]),
    ),
    unique_by=lambda one: one[:2],
    max_size=12,
)


@settings(max_examples=40)
@given(deliveries, st.integers(1, 48))
def test_rehearsal_and_claim_agree_with_the_plain_rule(tmp_path_factory, sent, period):
    store = connect(tmp_path_factory.mktemp("quiet") / "mailer.db", lambda email: [email])
    enrol(store, 6)
    for campaign, subscriber, ago, state in sorted(sent, key=lambda one: -one[2]):
        mail(store, campaign, [subscriber], now=NOW - hours(ago), state=state)
    expected = {
        subscriber
        for campaign, subscriber, ago, state in sent
        if campaign != "next" and ago <= period and state != DeliveryState.FAILED
    }
    assert set(had(store, period=period)) == expected
    done = {subscriber for campaign, subscriber, *_ in sent if campaign == "next"}
    send = freeze(store, "next", range(1, 7), quiet=period)
    if done:
        # the send there is keeps its own period, none
        expected = set()
    found = Counter(claimed(store, send))
    assert found == Counter(set(range(1, 7)) - done - expected)
    store.close()
