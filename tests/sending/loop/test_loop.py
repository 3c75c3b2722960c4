"""The send loop against a real ledger: everybody is mailed once, at the rate, whatever stops it."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from mailer.campaigns.schedule import Timing
from mailer.errors import CampaignError, Interrupted, Place, SendStopped, StoreError, TransportError
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.sending import circuit_breaker
from mailer.sending.loop import SendLoop, SendProgress
from mailer.store import connect
from mailer.store.sql import deliveries
from tests.support.send_loop import ACCEPTED, PENDING, START, address, enrol, merge, state

pytestmark = pytest.mark.usefixtures("database_kind")  # on SQLite and on PostgreSQL


def test_everybody_gets_one_message_and_the_send_is_finished(make, send, store, way):
    assert make().run(send) == SendProgress(accepted=25)
    assert Counter(way.got) == Counter(address(n) for n in range(25))
    assert way.sizes == [10, 10, 5]
    assert state(store) is SendState.FINISHED
    assert store.sends.counts(send.id).accepted == 25


def test_running_again_sends_nothing(make, send, way):
    make().run(send)
    assert make().run(send) == SendProgress()
    assert len(way.got) == 25


def test_sending_is_on_record_before_anything_is_handed_over(make, send, store, way, path):
    seen = []

    def look():
        other = connect(path, lambda email: [email])
        seen.append(other.sends.counts(send.id).sending)
        other.close()

    way.meanwhile = look
    make().run(send)
    assert seen == [10, 10, 5]
    assert store.sends.counts(send.id).sending == 0


def test_each_outcome_is_recorded_and_counted(make, send, store, way):
    states = [ACCEPTED, DeliveryState.FAILED, DeliveryState.UNCERTAIN]
    way.say = lambda outgoing: Result(outgoing.delivery_id, states[outgoing.delivery_id % 3])
    progress = make().run(send)
    counts = store.sends.counts(send.id)
    assert (progress.accepted, progress.failed, progress.uncertain) == (8, 9, 8)
    assert (counts.accepted, counts.failed, counts.uncertain) == (8, 9, 8)
    assert state(store) is SendState.FINISHED


def test_what_was_not_sent_is_tried_again(make, send, way):
    refused = set()

    def say(outgoing):
        if outgoing.delivery_id == 3 and not refused:
            refused.add(3)
            return Result(3, PENDING)
        return Result(outgoing.delivery_id, ACCEPTED)

    way.say = say
    assert make().run(send) == SendProgress(accepted=25)
    assert way.got.count(address(2)) == 2


def test_progress_is_told_after_every_batch(make, send):
    seen = []
    make(on_progress=seen.append).run(send)
    assert [progress.tried for progress in seen] == [10, 20, 25]


def test_it_goes_on_after_a_whole_page_of_people_who_left(make, send, store, monkeypatch):
    monkeypatch.setattr(deliveries, "PAGE", 3)
    for number in range(8):
        store.subscribers.unsubscribe("members", address(number), how="form", now=START)
    assert make().run(send) == SendProgress(accepted=17)
    assert store.sends.counts(send.id).skipped == 8
    assert state(store) is SendState.FINISHED


def test_a_pause_since_somebody_looked_wins(make, send, store, way):
    store.sends.set_state(send.id, SendState.PAUSED, note="paused elsewhere", now=START)
    with pytest.raises(SendStopped, match="paused or changed in another terminal"):
        SendLoop.run(make(), send)
    assert (state(store), way.got) == (SendState.PAUSED, [])


def test_the_limit_stops_after_that_many_and_pauses(make, send, store, way):
    assert make().run(replace(send, stop_after=13)) == SendProgress(accepted=13)
    assert way.sizes == [10, 3]
    assert state(store) is SendState.PAUSED
    assert "13" in store.sends.find("vote", "members").note
    assert make().run(send) == SendProgress(accepted=12)


def test_a_limit_that_is_just_enough_finishes(make, send, store):
    make().run(replace(send, stop_after=25))
    assert state(store) is SendState.FINISHED


def test_the_brake_finishes_what_is_in_flight_then_pauses(make, send, store, way, time):
    way.meanwhile = lambda: setattr(time, "requested", len(way.sizes) == 1)
    with pytest.raises(Interrupted, match="vote is paused") as stop:
        make().run(send)
    assert stop.value.hint == "Go on with: mailer resume vote"
    assert way.sizes == [10, 10]
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.pending, counts.sending) == (20, 5, 0)
    assert state(store) is SendState.PAUSED


def test_the_brake_pulled_during_the_last_batch_finishes(make, send, store, way, time):
    way.meanwhile = lambda: setattr(time, "requested", len(way.sizes) == 2)
    assert make().run(send) == SendProgress(accepted=25)
    assert state(store) is SendState.FINISHED


@pytest.mark.parametrize("to", [SendState.PAUSED, SendState.CANCELLED])
def test_stopped_from_elsewhere_it_ends_after_the_batch_in_flight(
    make, send, store, *, elsewhere, way, to
):
    way.meanwhile = lambda: elsewhere.sends.set_state(send.id, to, note="by hand", now=START)
    with pytest.raises(SendStopped, match="vote has stopped: by hand"):
        make().run(send)
    assert way.sizes == [10]
    assert store.sends.counts(send.id).accepted == 10
    assert state(store) is to


def test_people_added_while_the_last_batch_is_in_flight_are_sent_to(make, send, elsewhere, way):
    way.meanwhile = lambda: enrol(elsewhere, range(30)) if len(way.sizes) == 2 else None
    assert make().run(send) == SendProgress(accepted=30)


def test_a_send_that_is_moved_while_it_is_sent_stops_with_nothing_in_flight(
    make, send, store, wide, path
):
    moved = Event()

    def somebody_moves_it():
        wide.meanwhile = lambda: moved.wait(30)
        words = {"query": "", "snapshot": b"", "digest": "", "transport": "fake"}
        later = Timing("tomorrow", START + timedelta(days=1))
        elsewhere = connect(path, lambda email: [email])
        elsewhere.sends.freeze("vote", "members", [], **words, now=START, timing=later)
        elsewhere.close()
        moved.set()

    wide.meanwhile = somebody_moves_it
    make().run(send)
    counts = store.sends.counts(send.id)
    assert state(store) is SendState.QUEUED
    assert (counts.sending, counts.accepted) == (0, len(wide.got))
    assert counts.pending == 25 - len(wide.got) > 0


def test_a_merge_that_fails_returns_the_batch_and_pauses_with_the_reason(make, send, store, way):
    def broken(subscriber, arm):
        if subscriber.email == address(14):
            raise CampaignError(
                "no such field", place=Place("campaigns/vote.md", 7), hint="Look there."
            )
        return merge(subscriber, arm)

    with pytest.raises(SendStopped, match="vote is paused: no such field") as stop:
        make(merge=broken).run(send)
    assert str(stop.value.place) == "campaigns/vote.md:7"
    assert stop.value.hint == "Look there. Go on with: mailer resume vote"
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.pending, counts.sending) == (10, 15, 0)
    assert state(store) is SendState.PAUSED
    assert store.sends.find("vote", "members").note == "campaigns/vote.md:7: no such field"
    assert make().run(send) == SendProgress(accepted=15)
    assert len(way.got) == len(set(way.got)) == 25


@pytest.mark.parametrize(
    "problem", [StoreError("locked"), ValueError("a bug"), KeyboardInterrupt()]
)
def test_whoever_was_not_handed_over_is_pending_whatever_the_reason(
    make, send, store, way, *, problem
):
    def broken(subscriber, arm):
        if subscriber.email == address(14):
            raise problem
        return merge(subscriber, arm)

    with pytest.raises(type(problem)):
        make(merge=broken).run(send)
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.pending, counts.sending) == (10, 15, 0)
    assert make().run(send) == SendProgress(accepted=15)
    assert len(way.got) == len(set(way.got)) == 25


def test_a_broken_way_out_pauses_and_keeps_what_was_handed_over(make, send, store, way):
    def say(outgoing):
        state = PENDING if outgoing.delivery_id > 10 + 4 else ACCEPTED
        return Result(outgoing.delivery_id, state)

    way.say = say
    way.stop = lambda: (
        TransportError("the disk is full", hint="Make room.") if way.got[10:] else None
    )
    with pytest.raises(SendStopped, match="vote is paused: the disk is full") as stop:
        make().run(send)
    assert stop.value.hint == "Make room. Go on with: mailer resume vote"
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.pending, counts.sending) == (14, 11, 0)
    assert state(store) is SendState.PAUSED
    assert store.sends.find("vote", "members").note == "the disk is full"


def test_a_way_out_that_allows_nothing_changes_nothing(make, send, store, way):
    def allowance():
        raise TransportError("there are no credentials")

    way.allowance = allowance
    with pytest.raises(TransportError, match="no credentials"):
        make().run(send)
    assert state(store) is SendState.QUEUED
    assert store.sends.counts(send.id).pending == 25


def test_the_campaigns_fault_pauses_it_and_says_whose_it_is(make, send, store, way):
    way.most = 1
    way.say = lambda outgoing: Result(
        outgoing.delivery_id, DeliveryState.FAILED, detail=f"<{outgoing.merged.email}>: bad header"
    )
    with pytest.raises(SendStopped, match="10 messages in a row were refused") as stop:
        make(rate=10.0).run(send)
    assert "bad header" in stop.value.message
    assert "not the recipients" in stop.value.hint
    counts = store.sends.counts(send.id)
    assert (counts.failed, counts.pending) == (10, 15)
    assert state(store) is SendState.PAUSED


def lost(outgoing):
    return Result(
        outgoing.delivery_id, DeliveryState.UNCERTAIN, detail=f"timeout {outgoing.delivery_id}"
    )


def test_nobody_answering_pauses_it(make, send, store, way, monkeypatch):
    monkeypatch.setattr(circuit_breaker, "PATIENCE", 0)
    way.most = 1
    way.say = lost
    with pytest.raises(SendStopped, match="most calls were lost: timeout"):
        make(rate=10.0).run(send)
    counts = store.sends.counts(send.id)
    assert (counts.uncertain, counts.pending) == (10, 15)


def test_a_short_outage_costs_what_was_in_flight_and_probes_and_the_send_goes_on(
    make, send, store, way
):
    """A connection that breaks, with a dozen calls in flight at once."""
    way.most = 1
    way.say = lambda outgoing: (
        lost(outgoing) if len(way.got) < 12 else Result(outgoing.delivery_id, ACCEPTED)
    )
    make(rate=10.0).run(send)
    counts = store.sends.counts(send.id)
    assert (counts.uncertain, counts.accepted) == (12, 13)
    assert state(store) is SendState.FINISHED


def test_after_ten_lost_calls_one_probe_goes_out_alone(make, send, store, wide):
    doubtful, another = Event(), Event()
    first, probes, alone = [], [], []

    def say(outgoing):
        if len(first) < 10:
            first.append(outgoing)
            return lost(outgoing)
        if not doubtful.is_set():  # in flight with those that were lost
            doubtful.wait(30)
            return lost(outgoing)
        probes.append(outgoing)
        if len(probes) == 1:
            alone.append(not another.wait(0.3))
        else:
            another.set()
        return Result(outgoing.delivery_id, ACCEPTED)

    wide.say = say
    make(rate=None, on_progress=lambda now: now.uncertain >= 10 and doubtful.set()).run(send)
    assert alone == [True]
    counts = store.sends.counts(send.id)
    assert counts.accepted == len(probes) == 25 - counts.uncertain
