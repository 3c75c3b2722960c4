"""Parcels under way at once."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.ledger.delivery import DeliveryState, Result
from mailer.sending.delivery_pool import DeliveryPool
from mailer.transports.base import BatchResult, OutgoingMessage


@pytest.fixture
def make():
    made = []

    def make(deliver, most=4, **more):
        made.append(DeliveryPool(deliver, most, **more))
        return made[-1]

    yield make
    for lanes in made:
        lanes.close()


def everything(lanes):
    back = []
    while lanes.parcels:
        back += lanes.collect(room=1, seconds=5)
    return back


def test_each_parcel_comes_back_with_its_receipt(make):
    lanes = make(lambda parcel: f"receipt for {parcel}")
    for parcel in ("ab", "c", "def"):
        lanes.send(parcel)
    assert (lanes.parcels, lanes.letters) == (3, 6)
    assert sorted(everything(lanes)) == [(p, f"receipt for {p}") for p in ("ab", "c", "def")]
    assert (lanes.parcels, lanes.letters) == (0, 0)


def test_a_parcel_that_hangs_holds_up_nobody_else(make):
    hang = threading.Event()
    lanes = make(lambda parcel: hang.wait(30) if parcel == "slow" else None)
    lanes.send("slow")
    for parcel in "abcdefgh":
        lanes.send(parcel)
    back = []
    while len(back) < 8:
        back += lanes.collect(room=2, seconds=5)
    assert lanes.parcels == 1
    hang.set()
    assert [parcel for parcel, _ in everything(lanes)] == ["slow"]


def test_there_are_never_more_lanes_than_allowed(make):
    lock, under_way, most = threading.Lock(), 0, 0

    def deliver(_):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        with lock:
            under_way -= 1

    lanes = make(deliver, most=3)
    for _ in range(20):
        lanes.send("x")
    everything(lanes)
    assert most == 3


def test_collecting_waits_no_longer_than_told_and_not_at_all_when_there_is_room(make):
    hang = threading.Event()
    lanes = make(lambda _: hang.wait(30))
    lanes.send("x")
    assert lanes.collect(room=2, seconds=30) == []
    assert lanes.collect(room=1, seconds=0.01) == []
    hang.set()


def test_what_a_call_raises_is_raised_where_it_is_collected(make):
    lanes = make(lambda _: 1 / 0)
    lanes.send("x")
    with pytest.raises(ZeroDivisionError):
        lanes.collect(room=1, seconds=5)
    assert lanes.parcels == 0


def test_a_call_that_raises_loses_no_other_calls_receipt(make):
    lanes = make(lambda parcel: 1 / 0 if parcel == "broken" else "receipt")
    lanes.send("good")
    wait_until(lambda: lanes._done.qsize() == 1)
    lanes.send("broken")
    wait_until(lambda: lanes._done.qsize() == 2)
    assert lanes.collect(room=1, seconds=5) == [("good", "receipt")]
    with pytest.raises(ZeroDivisionError):
        lanes.collect(room=1, seconds=5)
    assert lanes.parcels == 0


class Clock:
    """Every call takes so long."""

    def __init__(self, seconds):
        self.seconds, self.now = seconds, 0.0

    def __call__(self):
        return self.now

    def deliver(self, _):
        self.now += self.seconds


@pytest.mark.parametrize(
    ("rate", "latency", "lanes"),
    [(99, 0.05, 10), (99, 0.2, 40), (14, 0.05, 2), (1, 0.05, 1), (500, 0.5, 64), (None, 0.1, 64)],
)
def test_lanes_follow_from_the_rate_and_from_how_long_answers_take(make, rate, latency, lanes):
    clock = Clock(latency)
    made = make(clock.deliver, most=64, timer=clock)
    made.speed = rate
    for _ in range(200):
        made.send("x")
        made.collect(room=1, seconds=1)
    assert made.wanted == lanes


def test_before_the_first_answer_a_lane_is_there_for_each_tenth_of_a_second(make):
    lanes = make(len, most=64)
    lanes.speed = 100
    assert lanes.wanted == 20


def test_what_is_possible_follows_from_how_long_answers_take(make):
    clock = Clock(2.0)
    lanes = make(clock.deliver, most=8, timer=clock)
    assert lanes.possible == 80
    for _ in range(200):
        lanes.send("x")
        lanes.collect(room=1, seconds=1)
    assert lanes.possible == pytest.approx(4)


@given(
    sizes=st.lists(st.integers(1, 4), max_size=30),
    most=st.integers(1, 4),
    begun=st.integers(0, 30),
)
def test_whatever_is_sent_is_delivered_or_comes_back_unsent_and_nothing_both(sizes, most, begun):
    delivered, go_on = [], threading.Semaphore(begun)

    def deliver(parcel):
        delivered.extend(letter.delivery_id for letter in parcel)
        assert go_on.acquire(timeout=30)
        return BatchResult(
            [Result(letter.delivery_id, DeliveryState.ACCEPTED) for letter in parcel]
        )

    lanes = DeliveryPool(deliver, most)
    numbers = iter(range(200))
    for size in sizes:
        lanes.send([OutgoingMessage(next(numbers), None) for _ in range(size)])
    lanes.recall()
    go_on.release(30)
    results = [result for _, receipt in everything(lanes) for result in receipt.results]
    lanes.close()
    accepted = [r.delivery_id for r in results if r.state is DeliveryState.ACCEPTED]
    assert sorted(accepted) == sorted(delivered)
    assert sorted(r.delivery_id for r in results) == list(range(sum(sizes)))
    assert {r.state for r in results} <= {DeliveryState.ACCEPTED, DeliveryState.PENDING}


def test_what_is_taken_back_never_leaves(make):
    hang, left = threading.Event(), []

    def deliver(parcel):
        left.append(parcel)
        assert hang.wait(30)

    lanes = make(deliver, most=1)
    for number in range(5):
        lanes.send([OutgoingMessage(number, None)])
    wait_until(lambda: left)
    lanes.recall()
    hang.set()
    assert len(everything(lanes)) == 5
    assert [letter.delivery_id for parcel in left for letter in parcel] == [0]


def test_without_a_thread_to_spare_nothing_is_left_out(make, monkeypatch):
    begin, begun = threading.Thread.start, []

    def start(thread):
        begun.append(thread)
        if len(begun) > 2:
            raise RuntimeError("can't start new thread")
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    hang = threading.Event()
    lanes = make(lambda _: hang.wait(30), most=9)
    with pytest.raises(RuntimeError):
        lanes.send(*([OutgoingMessage(number, None)] for number in range(9)))
    wait_until(lambda: len(lanes._began) == 2)
    lanes.recall()
    hang.set()
    assert len(everything(lanes)) == 9


def test_a_lane_that_is_overdue_is_replaced(make):
    """At one parcel a second a single lane is enough, unless its parcel hangs."""
    hang, clock = threading.Event(), Clock(0)
    lanes = make(lambda parcel: hang.wait(30) if parcel == "slow" else None, timer=clock)
    lanes.speed = 1
    lanes.send("slow")
    lanes.send("quick")
    assert lanes.is_full
    assert lanes.collect(room=1, seconds=0) == []
    wait_until(lambda: lanes._began)
    clock.now += 2
    assert lanes.wanted == 2
    assert [parcel for parcel, _ in lanes.collect(room=2, seconds=5)] == ["quick"]
    assert not lanes.is_full
    hang.set()
    everything(lanes)
    assert lanes.wanted == 1


def wait_until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)
