"""The send loop against a real ledger, with a way out that does as it is told."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event, Timer
from types import SimpleNamespace

import pytest

from mailer.campaigns.schedule import Timing
from mailer.compiler.compile import CutText, Variant
from mailer.errors import CampaignError, Interrupted, Place, SendStopped, StoreError, TransportError
from mailer.events.ses import read
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.import_row import ImportRow
from mailer.sending.loop import Pace, SendLoop, SendProgress
from mailer.sending.reputation import ReputationLimits
from mailer.store import connect
from mailer.store.sql import deliveries
from mailer.transports.base import Allowance, BatchResult
from tests.support.stores import kill

ACCEPTED, PENDING = DeliveryState.ACCEPTED, DeliveryState.PENDING
START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("database_kind")  # on SQLite and on PostgreSQL


class Time:
    """A clock that moves only when somebody waits; its brake can be pulled at a moment."""

    def __init__(self):
        self.now = START
        self.requested = False
        self.waits = []

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)


class Way:
    """A transport that keeps what it is given, and says what it is told to say."""

    name = "fake"
    connections = 1

    def __init__(self):
        self.got = []
        self.sizes = []
        self.say = lambda outgoing: Result(outgoing.delivery_id, ACCEPTED)
        self.meanwhile = lambda: None
        self.slow_down = lambda: ""
        self.stop = lambda: None
        self.allowed = Allowance()
        self.most = 500

    def allowance(self):
        return self.allowed

    def batch_size(self, _rate):
        return self.most

    def batches(self, messages, size):
        return [messages[i : i + size] for i in range(0, len(messages), size)]

    def expect(self, claims):
        pass

    def deliver(self, messages):
        self.meanwhile()
        results = []
        for outgoing in messages:
            results.append(self.say(outgoing))
            self.got.append(outgoing.merged.email)
        self.sizes.append(len(messages))
        return BatchResult(results, self.slow_down(), self.stop())

    def settle(self, claims):
        return [
            Result(c.delivery_id, ACCEPTED if c.subscriber.email in self.got else PENDING)
            for c in claims
        ]


BLANK = Variant(1, CutText(("",), ()), CutText(("",), ()), CutText(("",), ()), (), ())


def merge(subscriber, _arm):
    return SimpleNamespace(email=subscriber.email, variant=BLANK, fillings=())


def address(number):
    return f"person{number:02}@example.org"


def enrol(store, numbers):
    rows = [ImportRow(row=i, email=address(n)) for i, n in enumerate(numbers, 1)]
    store.imports.import_rows("members", rows, source="test", now=START)
    ids = [subscriber.id for subscriber in store.subscribers.audience("members")]
    words = {"query": "", "snapshot": b"", "digest": "", "transport": "fake"}
    return store.sends.freeze("vote", "members", ids, **words, now=START)[0]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mailer.db"


@pytest.fixture
def store(path):
    store = connect(path, lambda email: [email])
    yield store
    store.close()


@pytest.fixture
def elsewhere(path):
    """The same ledger for whoever is not the sender."""
    other = connect(path, lambda email: [email])
    yield other
    other.close()


@pytest.fixture
def send(store):
    return enrol(store, range(25))


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def way():
    return Way()


class LookingSendLoop(SendLoop):
    """Begins as somebody who has looked at the send just now."""

    def run(self, send):
        current = self._store.sends.find(send.campaign, send.list_name)
        return super().run(replace(send, version=current.version))


@pytest.fixture
def make(store, way, time):
    def make(*, rate=10.0, store=store, merge=merge, on_progress=lambda _: None):
        return LookingSendLoop(
            store,
            way,
            SimpleNamespace(merge=merge),
            rate=rate,
            stop=time,
            clock=time,
            limits=ReputationLimits(bounces=5.0, complaints=0.1, outcomes=10),
            on_progress=on_progress,
        )

    return make


def state(store):
    return store.sends.find("vote", "members").state


def bounces(store, deliveries):
    """Take in that the first of each ten bounced, and the rest were delivered."""
    for number in deliveries:
        kind = "Bounce" if number % 10 == 1 else "Delivery"
        mail = {
            "messageId": f"id-{number}",
            "destination": [address(number - 1)],
            "tags": {"campaign": ["vote"], "delivery": [str(number)]},
        }
        event = {"eventType": kind, "mail": mail, "bounce": {"bounceType": "Permanent"}}
        store.events.ingest(read(json.dumps(event)), patience=3, now=START)


def test_a_send_pauses_itself_when_too_many_bounce(make, store, send, way, elsewhere):
    enrol(store, range(25, 100))
    bounces(store, range(1, 41))
    way.meanwhile = lambda: bounces(elsewhere, [51]) if len(way.got) == 20 else None
    with pytest.raises(SendStopped) as stopped:
        make(rate=1.0).run(send)
    assert "5 of 41 mails bounced: 12 %, and more than 5 % stops a send" in str(stopped.value)
    assert "mailer resume vote --anyway" in stopped.value.hint
    assert 20 < len(way.got) <= 30
    assert store.sends.find("vote", "members").note.startswith("5 of 41 mails bounced")
    assert state(store) is SendState.PAUSED
    assert store.sends.counts(send.id).balanced
    again = len(way.got)
    with pytest.raises(SendStopped):
        make(rate=1.0).run(send)
    assert len(way.got) == again


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


def test_it_goes_on_when_a_person_has_said_so(make, store, send):
    bounces(store, [*range(1, 20), 21, 31, 41, 51])
    enrol(store, range(25, 60))
    store.events.stop_watching(send.id)
    make(rate=1.0).run(send)
    assert store.sends.counts(send.id).accepted == 60


@pytest.mark.parametrize(
    ("rate", "size", "outstanding"),
    [(None, 1, 500), (1, 1, 4), (14, 1, 21), (200, 1, 300), (1000, 50, 1500)],
)
def test_at_most_two_seconds_worth_or_four_messages_wait_for_an_answer(rate, size, outstanding):
    assert Pace(rate, size).most_outstanding == outstanding


@pytest.mark.parametrize(
    ("rate", "size", "batch"),
    [
        (None, 1, 500),
        (None, 50, 500),
        (4000, 1, 500),
        (400, 1, 100),
        (14, 1, 3),
        (1, 1, 1),
        (0.2, 1, 1),
        (2000, 50, 500),
        (100, 50, 50),
        (14.9, 50, 14),
        (1, 50, 1),
        (0.2, 50, 1),
        (10, 500, 10),
    ],
)
def test_a_batch_is_what_one_call_carries_or_a_quarter_of_a_second(rate, size, batch):
    assert Pace(rate, size).batch_size == batch


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


def test_the_rate_is_kept_and_nobody_waits_when_all_is_sent(make, send, time):
    make(rate=10.0).run(send)
    assert (time.now - START).total_seconds() == pytest.approx(2)


def test_a_batch_is_made_shortly_before_its_turn_and_leaves_when_it_comes(
    make, send, store, *, way, time, monkeypatch
):
    claim, claimed, left = store.deliveries.claim, [], []

    def passed():
        return round((time.now - START).total_seconds(), 3)

    monkeypatch.setattr(
        store.deliveries, "claim", lambda *a, **k: claimed.append(passed()) or claim(*a, **k)
    )
    way.meanwhile = lambda: left.append(passed())
    make(rate=10.0).run(send)
    assert claimed == [0, 0.9, 1.9]
    assert left == [0, 1, 2]


def test_without_a_rate_nobody_waits(make, send, time, way):
    make(rate=None).run(send)
    assert time.waits == []
    assert way.sizes == [25]


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


class PowerCutError(BaseException):
    pass


@pytest.mark.parametrize("handed_over", [0, 4, 10])
def test_what_a_dead_run_left_is_settled_first_and_nobody_is_doubled(
    make, send, store, way, handed_over
):
    def say(outgoing):
        if outgoing.delivery_id > handed_over:
            raise PowerCutError
        return Result(outgoing.delivery_id, ACCEPTED)

    way.say = say
    with pytest.raises(PowerCutError):
        make().run(send)
    kill(store)
    assert store.sends.counts(send.id).sending == 10
    way.say = Way().say
    survivor = connect(store.database.path, lambda email: [email])
    make(store=survivor).run(send)
    assert Counter(way.got) == Counter(address(n) for n in range(25))
    assert survivor.sends.counts(send.id).accepted == 25
    survivor.close()


def test_what_a_dead_run_left_is_settled_before_anything_is_sent(make, send, store, way):
    store.sends.set_state(send.id, SendState.SENDING, now=START)
    store.deliveries.claim(send.id, 4, now=START)
    kill(store)
    survivor = connect(store.database.path, lambda email: [email])
    way.meanwhile = lambda: in_flight.append(survivor.sends.counts(send.id).sending)
    in_flight = []
    make(store=survivor).run(replace(send, stop_after=1))
    assert in_flight == [1]
    survivor.close()


def test_people_queued_by_another_after_the_end_are_left_to_it(make, send, store, monkeypatch):
    finish = store.sends.set_state

    def finish_then_more(send_id, to, **more):
        changed = finish(send_id, to, **more)
        if to is SendState.FINISHED:
            enrol(store, range(30))
        return changed

    monkeypatch.setattr(store.sends, "set_state", finish_then_more)
    claim, claims = store.deliveries.claim, iter(range(9))

    def claim_a_few_times(send_id, limit, *, now):
        assert next(claims, None) is not None, "it asks for more without end"
        return claim(send_id, limit, now=now)

    monkeypatch.setattr(store.deliveries, "claim", claim_a_few_times)
    assert make().run(send) == SendProgress(accepted=25)
    assert state(store) is SendState.QUEUED


def test_two_runs_at_once_share_the_work(make, send, store, way, path):
    other = connect(path, lambda email: [email])
    second = make(store=other)

    def meanwhile():
        way.meanwhile = lambda: None
        second.run(send)

    way.meanwhile = meanwhile
    assert make().run(send).accepted + second.progress.accepted == 25
    assert Counter(way.got) == Counter(address(n) for n in range(25))
    assert state(store) is SendState.FINISHED
    other.close()


# ---------------------------------------------------------------- what the other side allows


@pytest.mark.parametrize(
    ("own", "allowed", "seconds"), [(10.0, 5.0, 4), (5.0, 10.0, 4), (None, 5.0, 4), (5.0, None, 4)]
)
def test_the_lower_of_the_two_rates_counts(make, send, way, *, time, own, allowed, seconds):
    way.allowed = Allowance(rate=allowed)
    make(rate=own).run(send)
    assert (time.now - START).total_seconds() == pytest.approx(seconds)


def test_what_is_allowed_is_asked_again_every_few_minutes(make, send, way, time):
    asked = []

    def allowance():
        asked.append((time.now - START).total_seconds())
        return Allowance(rate=0.05)

    way.allowance = allowance
    make(rate=None).run(send)
    assert asked == [0, pytest.approx(310, abs=11)]


def test_a_question_without_an_answer_changes_nothing(make, send, way, time):
    def allowance():
        if time.now > START:
            raise TransportError("nobody answers")
        return Allowance(rate=0.05)

    way.allowance = allowance
    assert make(rate=None).run(send) == SendProgress(accepted=25)


def test_a_complaint_halves_the_rate_for_everybody_and_is_told(make, send, store, way, time):
    way.most = 1
    way.slow_down = lambda: "slower!" if len(way.sizes) == 1 else ""
    seen = []
    progress = make(rate=4.0, on_progress=seen.append).run(send)
    assert (progress.slowdowns, progress.slow_down) == (1, "slower!")
    assert min(progress.rate_factor for progress in seen) == pytest.approx(0.5, abs=0.05)
    assert 25 / 4 < (time.now - START).total_seconds() < 25 / 2
    turn = store.throttle.reserve("fake", 1, rate=4, burst=1, clock=time.now.timestamp)
    assert 0.5 < turn.rate_factor < 1


def test_batches_shrink_with_the_rate(make, send, way):
    way.slow_down = lambda: "slower!" if not way.sizes[1:] else ""
    make(rate=10.0).run(send)
    assert way.sizes[0] == 10
    assert max(way.sizes[1:4]) <= 7


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


def test_nobody_answering_pauses_it(make, send, store, way):
    way.most = 1
    way.say = lambda outgoing: Result(
        outgoing.delivery_id, DeliveryState.UNCERTAIN, detail=f"timeout {outgoing.delivery_id}"
    )
    with pytest.raises(SendStopped, match="10 calls in a row were lost: timeout"):
        make(rate=10.0).run(send)
    counts = store.sends.counts(send.id)
    assert (counts.uncertain, counts.pending) == (10, 15)


# ---------------------------------------------------------------- several under way


@pytest.fixture
def wide(way):
    """One outgoing in a batch, eight batches under way."""
    way.connections, way.most = 8, 1
    return way


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


# ---------------------------------------------------------------- a full disk


def refuse_to_record(store, monkeypatch, times):
    """The disk takes nothing for so many times."""
    record, refused = store.deliveries.record, iter(range(times))

    def refusing(results, *, now):
        if next(refused, None) is not None:
            raise StoreError("the database cannot be written: database or disk is full")
        return record(results, now=now)

    monkeypatch.setattr(store.deliveries, "record", refusing)


def test_answers_are_kept_while_the_disk_is_full_and_nothing_more_is_claimed(
    make, send, store, way, monkeypatch
):
    refuse_to_record(store, monkeypatch, 5)
    claim, claims = store.deliveries.claim, []
    monkeypatch.setattr(
        store.deliveries, "claim", lambda *a, **k: claims.append(len(way.got)) or claim(*a, **k)
    )
    assert make().run(send) == SendProgress(accepted=25)
    assert store.sends.counts(send.id).accepted == 25
    assert len(way.got) == len(set(way.got)) == 25
    assert claims == [0, 10, 20]


def test_a_disk_that_stays_full_stops_with_the_number_of_answers(
    make, send, store, way, monkeypatch
):
    refuse_to_record(store, monkeypatch, 10_000)
    with pytest.raises(SendStopped, match="10 answers are not on record") as stop:
        make().run(send)
    assert "mailer resume" in stop.value.hint
    assert len(way.got) == 10
    counts = store.sends.counts(send.id)
    assert (counts.sending, counts.pending, counts.balanced) == (10, 15, True)
