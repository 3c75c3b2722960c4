"""Who is frozen into a send: each person once."""

import pytest

from mailer.errors import UsageError
from mailer.ledger.delivery import SendState
from mailer.lists.membership import SuppressionReason
from tests.support.ledger import NOW, enrol, freeze, outcome, start


def test_freezing_makes_a_queued_send_with_everybody_pending(store):
    send, added = freeze(store)
    assert (send.campaign, send.list_name, send.state) == ("vote", "members", SendState.QUEUED)
    assert added == 10
    counts = store.sends.counts(send.id)
    assert (counts.audience, counts.pending) == (10, 10)


def test_freezing_again_adds_only_who_is_new_and_keeps_the_words(store):
    first, _ = freeze(store)
    enrol(store, range(8, 13))
    again, added = freeze(store, snapshot=b"other words")
    assert added == 3
    assert (again.id, again.snapshot) == (first.id, b"words")
    assert store.sends.counts(first.id).audience == 13


def test_a_campaign_reaches_a_person_once_whatever_lists_it_goes_to(store):
    start(store)
    enrol(store, range(5, 15), "friends")
    send, added = freeze(store, list_name="friends")
    assert added == 5
    assert store.sends.counts(send.id).audience == 5


def test_other_campaigns_are_free_to_reach_the_same_people(store):
    freeze(store)
    assert freeze(store, campaign="picnic")[1] == 10


def test_an_id_given_twice_or_of_nobody_counts_once_or_not(store):
    send, added = freeze(store, ids=[1, 2, 2, 999])
    assert added == 2
    assert store.sends.counts(send.id).audience == 2


def test_freezing_that_fails_half_way_leaves_nothing(store):
    def ids():
        yield from range(1, 8)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        freeze(store, ids=ids())
    assert store.sends.all() == []
    assert freeze(store, ids=[9])[1] == 1


def test_the_audience_may_stream_from_the_same_store_while_it_is_frozen(store):
    ids = (subscriber.id for subscriber in store.subscribers.audience("members"))
    assert freeze(store, ids=ids)[1] == 10


def test_others_can_write_while_an_audience_streams_in(store, other):
    def ids():
        for i in range(1, 11):
            other.suppressions.suppress(
                f"x{i}@example.org", SuppressionReason.MANUAL, detail="", now=NOW
            )
            yield i

    assert freeze(store, ids=ids())[1] == 10


def test_freezing_for_a_list_that_is_not_there_is_an_error(store):
    with pytest.raises(UsageError, match='no list "nobody"'):
        freeze(store, ids=[1], list_name="nobody")


def test_people_added_to_a_finished_send_queue_it_again(store):
    send = start(store)
    store.deliveries.record(outcome(store.deliveries.claim(send.id, 99, now=NOW)), now=NOW)
    store.sends.set_state(send.id, SendState.FINISHED, now=NOW)
    assert freeze(store)[0].state is SendState.FINISHED
    enrol(store, [50])
    assert freeze(store)[0].state is SendState.QUEUED
