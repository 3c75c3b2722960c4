"""Several calls to the transport at once."""

from dataclasses import replace
from datetime import timedelta
from threading import Event, Timer

import pytest

from mailer.errors import CampaignError, Interrupted, SendStopped, TransportError
from mailer.ledger.delivery import SendState
from mailer.sending.loop import SendProgress
from mailer.store import connect
from tests.support.send_loop import START, Way, address, enrol, merge, state

pytestmark = pytest.mark.usefixtures("database_kind")  # on SQLite and on PostgreSQL


def test_what_comes_back_is_on_record_while_a_slow_batch_is_made(make, send, way, time, elsewhere):
    second, all_back, known = Event(), Event(), []
    way.most, way.connections = 5, 9

    def slowly(subscriber, arm):
        if int(subscriber.email[6:8]) >= 25:
            second.set()
            assert all_back.wait(10)
            known.append(elsewhere.sends.counts(send.id).accepted)
            time.now += timedelta(seconds=0.2)
        return merge(subscriber, arm)

    def deliver(messages):
        if messages[0].delivery_id > 10:
            assert second.wait(10)
        batch_result = Way.deliver(way, messages)
        if len(way.got) == 25:
            Timer(0.1, all_back.set).start()
        return batch_result

    way.deliver = deliver
    enrol(elsewhere, range(25, 50))
    make(rate=100.0, merge=slowly).run(send)
    assert known[0] < 25
    assert known[2] == 25
    assert len(way.got) == 50


def hold(way, number):
    """Keep the call for one delivery from coming back, until the event is set."""
    held, say = Event(), way.say

    def wait(outgoing):
        if outgoing.delivery_id == number:
            assert held.wait(30)
        return say(outgoing)

    way.say = wait
    return held


def test_a_call_that_hangs_holds_up_nobody_else(make, send, store, wide):
    held = hold(wide, 1)
    seen = []

    def on_progress(progress):
        seen.append(progress.tried)
        if progress.tried == 24:
            held.set()

    assert make(rate=None, on_progress=on_progress).run(send) == SendProgress(accepted=25)
    assert seen[-2:] == [24, 25]
    assert state(store) is SendState.FINISHED


def test_a_limit_counts_what_is_under_way(make, send, store, wide):
    held = hold(wide, 1)
    make(rate=None, on_progress=lambda progress: held.set() if progress.tried == 12 else None).run(
        replace(send, stop_after=13)
    )
    assert len(wide.got) == 13
    assert store.sends.counts(send.id).accepted == 13
    assert state(store) is SendState.PAUSED


@pytest.mark.parametrize("how", ["stop", "pause", "brake"])
def test_whatever_stops_it_what_is_under_way_comes_home_first(
    make, send, store, *, wide, time, how
):
    held = hold(wide, 1)
    stops = {
        "stop": lambda: setattr(wide, "stop", lambda: TransportError("suspended")),
        "pause": lambda: store.sends.set_state(send.id, SendState.PAUSED, now=START),
        "brake": lambda: setattr(time, "requested", True),
    }

    def on_progress(progress):
        if progress.tried == 3:
            stops[how]()
            Timer(0.3, held.set).start()

    with pytest.raises((SendStopped, Interrupted)):
        make(rate=10.0, on_progress=on_progress).run(send)
    counts = store.sends.counts(send.id)
    assert counts.sending == 0
    assert counts.accepted == len(wide.got) < 25
    assert address(0) in wide.got
    assert state(store) is SendState.PAUSED


@pytest.fixture
def narrow(way):
    """One outgoing in a batch, four under way: of a batch of ten, six wait for a lane."""
    way.connections, way.most = 4, 1
    return way


def slowly_from_the_third(way, happens):
    """Something happens at the third call, and each after it takes its time."""
    say = way.say

    def wait(outgoing):
        if outgoing.delivery_id == 3:
            happens()
        if outgoing.delivery_id > 3:
            Event().wait(1)
        return say(outgoing)

    way.say = wait


@pytest.mark.parametrize("how", ["stop", "pause", "cancel", "brake"])
def test_whatever_stops_it_what_waits_for_a_lane_is_not_handed_over(
    make, send, store, *, narrow, time, elsewhere, how
):
    stops = {
        "stop": lambda: setattr(narrow, "stop", lambda: TransportError("suspended")),
        "pause": lambda: elsewhere.sends.set_state(send.id, SendState.PAUSED, now=START),
        "cancel": lambda: elsewhere.sends.set_state(send.id, SendState.CANCELLED, now=START),
        "brake": lambda: setattr(time, "requested", True),
    }
    slowly_from_the_third(narrow, stops[how])
    with pytest.raises((SendStopped, Interrupted)):
        make(rate=100.0).run(send)
    counts = store.sends.counts(send.id)
    assert counts.accepted == len(narrow.got) < 8
    unsent = counts.skipped if how == "cancel" else counts.pending
    assert unsent == 25 - len(narrow.got)


def test_who_stops_it_at_once_leaves_no_more_in_doubt_than_was_begun(make, send, store, narrow):
    def interrupt():
        raise KeyboardInterrupt

    slowly_from_the_third(narrow, interrupt)
    with pytest.raises(KeyboardInterrupt):
        make(rate=100.0).run(send)
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.balanced) == (2, True)
    assert 1 <= counts.sending <= 5


def test_no_more_is_claimed_than_the_lanes_can_carry(make, send, store, way, monkeypatch):
    """With one lane, ten in a second, as long as nobody has seen how quick the answers are."""
    way.most = 1
    claim, asked = store.deliveries.claim, []
    monkeypatch.setattr(
        store.deliveries, "claim", lambda *a, **k: asked.append(a[1]) or claim(*a, **k)
    )
    make(rate=100.0).run(send)
    assert asked[0] == 2
    assert max(asked) <= 25


def test_calls_that_raise_are_uncertain_and_stop_no_other(make, send, store, wide):
    held = hold(wide, 1)
    say = wide.say

    def broken(outgoing):
        if outgoing.delivery_id in {6, 7}:
            Timer(0.3, held.set).start()
            raise ValueError(outgoing.delivery_id)
        return say(outgoing)

    wide.say = broken
    progress = make(rate=None).run(send)
    assert (progress.accepted, progress.uncertain) == (23, 2)
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.uncertain, counts.sending) == (23, 2, 0)
    assert all("ValueError" in reason for _, reason in store.deliveries.failures(send.id, 9))


def test_a_mail_that_cannot_be_made_lets_the_others_come_home(make, send, store, wide):
    held = hold(wide, 1)

    def broken(subscriber, arm):
        if subscriber.email == address(14):
            Timer(0.3, held.set).start()
            raise CampaignError("no such field")
        return merge(subscriber, arm)

    with pytest.raises(SendStopped, match="no such field"):
        make(rate=10.0, merge=broken).run(send)
    counts = store.sends.counts(send.id)
    assert (counts.sending, counts.accepted) == (0, len(wide.got))


def test_what_comes_back_is_on_record_while_others_are_out(make, send, wide, path):
    held = hold(wide, 1)
    seen = []

    def on_progress(progress):
        if progress.tried == 24:
            other = connect(path, lambda email: [email])
            seen.append(other.sends.counts(send.id))
            other.close()
            held.set()

    make(rate=None, on_progress=on_progress).run(send)
    (counts,) = seen
    assert (counts.accepted, counts.sending, counts.pending) == (24, 1, 0)
