"""How fast the send loop sends: its own rate, what the transport allows, and batches."""

import pytest

from mailer.errors import TransportError
from mailer.sending.loop import Pace, SendProgress
from mailer.transports.base import Allowance
from tests.support.send_loop import START

pytestmark = pytest.mark.usefixtures("database_kind")  # on SQLite and on PostgreSQL


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
