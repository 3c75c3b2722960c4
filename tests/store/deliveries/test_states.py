"""The states of a send, and which follow which."""

import pytest

from mailer.errors import UsageError
from mailer.ledger.delivery import SendState
from tests.support.ledger import NOW, PENDING, enrol, freeze, outcome, start


def test_cancelling_skips_the_rest_and_is_final(store):
    send = start(store)
    claims = store.deliveries.claim(send.id, 2, now=NOW)
    store.sends.set_state(send.id, SendState.CANCELLED, now=NOW)
    store.deliveries.record([*outcome(claims[:1]), *outcome(claims[1:], PENDING)], now=NOW)
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.skipped, counts.pending) == (1, 9, 0)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert store.sends.find("vote", "members").state is SendState.CANCELLED
    with pytest.raises(UsageError, match="cancelled"):
        freeze(store, ids=[1])


def test_a_send_with_something_left_is_never_finished(store):
    send = start(store)
    claims = store.deliveries.claim(send.id, 10, now=NOW)
    store.sends.set_state(send.id, SendState.FINISHED, now=NOW)
    assert store.sends.find("vote", "members").state is SendState.SENDING
    store.deliveries.record(outcome(claims), now=NOW)
    store.sends.set_state(send.id, SendState.FINISHED, now=NOW)
    assert store.sends.find("vote", "members").state is SendState.FINISHED


def test_sends_are_found_by_campaign_and_list(store):
    enrol(store, range(3), "friends")
    one, _ = freeze(store)
    two, _ = freeze(store, list_name="friends")
    three, _ = freeze(store, campaign="picnic")
    assert store.sends.find("vote", "friends") == two
    assert store.sends.find("vote", "nobody") is None
    assert store.sends.all("vote") == [one, two]
    assert store.sends.all() == [one, two, three]


def test_the_note_says_why_a_send_is_paused_and_goes_when_it_goes_on(store):
    send = start(store)
    store.sends.set_state(send.id, SendState.PAUSED, note="the disk is full", now=NOW)
    assert store.sends.find("vote", "members").note == "the disk is full"
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert store.sends.find("vote", "members").note == ""
