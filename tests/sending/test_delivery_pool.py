"""Batches under way at once."""

import threading
import time
from operator import itemgetter

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
        def answered(batch):
            result = deliver(batch)
            return result if isinstance(result, BatchResult) else answer(batch)

        made.append(DeliveryPool(answered, most, **more))
        return made[-1]

    yield make
    for pool in made:
        pool.close()


def answer(batch):
    """A result that tells its batch."""
    return BatchResult([], slow_down=str(batch))


def everything(pool):
    back = []
    while pool.batches:
        back += pool.collect(room=1, seconds=5)
    return back


def test_each_parcel_comes_back_with_its_receipt(make):
    pool = make(answer)
    for batch in ("ab", "c", "def"):
        pool.send(batch)
    assert (pool.batches, pool.messages) == (3, 6)
    assert sorted(everything(pool), key=itemgetter(0)) == [
        (p, answer(p)) for p in ("ab", "c", "def")
    ]
    assert (pool.batches, pool.messages) == (0, 0)


def test_a_parcel_that_hangs_holds_up_nobody_else(make):
    hang = threading.Event()
    pool = make(lambda batch: hang.wait(30) if batch == "slow" else None)
    pool.send("slow")
    for batch in "abcdefgh":
        pool.send(batch)
    back = []
    while len(back) < 8:
        back += pool.collect(room=2, seconds=5)
    assert pool.batches == 1
    hang.set()
    assert [batch for batch, _ in everything(pool)] == ["slow"]


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

    pool = make(deliver, most=3)
    for _ in range(20):
        pool.send("x")
    everything(pool)
    assert most == 3


def test_collecting_waits_no_longer_than_told_and_not_at_all_when_there_is_room(make):
    hang = threading.Event()
    pool = make(lambda _: hang.wait(30))
    pool.send("x")
    assert pool.collect(room=2, seconds=30) == []
    assert pool.collect(room=1, seconds=0.01) == []
    hang.set()


def test_what_a_call_raises_is_the_result_of_its_batch_and_of_no_other(make):
    def deliver(batch):
        if batch[0].delivery_id == 1:
            raise KeyError("MessageId")
        return answer(batch)

    pool = make(deliver)
    pool.send([OutgoingMessage(1, None), OutgoingMessage(2, None)], [OutgoingMessage(3, None)])
    results = {batch[0].delivery_id: result.results for batch, result in everything(pool)}
    assert [result.state for result in results[1]] == [DeliveryState.UNCERTAIN] * 2
    assert "KeyError('MessageId')" in results[1][0].detail
    assert results[3] == []
    assert pool.batches == 0


class Clock:
    """Every call takes so long."""

    def __init__(self, seconds):
        self.seconds, self.now = seconds, 0.0

    def __call__(self):
        return self.now

    def deliver(self, _):
        self.now += self.seconds


@pytest.mark.parametrize(
    ("rate", "latency", "pool"),
    [(99, 0.05, 10), (99, 0.2, 40), (14, 0.05, 2), (1, 0.05, 1), (500, 0.5, 64), (None, 0.1, 64)],
)
def test_lanes_follow_from_the_rate_and_from_how_long_answers_take(make, rate, latency, pool):
    clock = Clock(latency)
    made = make(clock.deliver, most=64, timer=clock)
    made.speed = rate
    for _ in range(200):
        made.send("x")
        made.collect(room=1, seconds=1)
    assert made.size == pool


def test_before_the_first_answer_a_lane_is_there_for_each_tenth_of_a_second(make):
    pool = make(len, most=64)
    pool.speed = 100
    assert pool.size == 20


def test_what_is_possible_follows_from_how_long_answers_take(make):
    clock = Clock(2.0)
    pool = make(clock.deliver, most=8, timer=clock)
    assert pool.reachable_rate == 80
    for _ in range(200):
        pool.send("x")
        pool.collect(room=1, seconds=1)
    assert pool.reachable_rate == pytest.approx(4)


@given(
    sizes=st.lists(st.integers(1, 4), max_size=30),
    most=st.integers(1, 4),
    begun=st.integers(0, 30),
)
def test_whatever_is_sent_is_delivered_or_comes_back_unsent_and_nothing_both(sizes, most, begun):
    delivered, go_on = [], threading.Semaphore(begun)

    def deliver(batch):
        delivered.extend(outgoing.delivery_id for outgoing in batch)
        assert go_on.acquire(timeout=30)
        return BatchResult(
            [Result(outgoing.delivery_id, DeliveryState.ACCEPTED) for outgoing in batch]
        )

    pool = DeliveryPool(deliver, most)
    numbers = iter(range(200))
    for size in sizes:
        pool.send([OutgoingMessage(next(numbers), None) for _ in range(size)])
    pool.recall()
    go_on.release(30)
    results = [result for _, batch_result in everything(pool) for result in batch_result.results]
    pool.close()
    accepted = [r.delivery_id for r in results if r.state is DeliveryState.ACCEPTED]
    assert sorted(accepted) == sorted(delivered)
    assert sorted(r.delivery_id for r in results) == list(range(sum(sizes)))
    assert {r.state for r in results} <= {DeliveryState.ACCEPTED, DeliveryState.PENDING}


def test_what_is_taken_back_never_leaves(make):
    hang, left = threading.Event(), []

    def deliver(batch):
        left.append(batch)
        assert hang.wait(30)

    pool = make(deliver, most=1)
    for number in range(5):
        pool.send([OutgoingMessage(number, None)])
    wait_until(lambda: left)
    pool.recall()
    hang.set()
    assert len(everything(pool)) == 5
    assert [outgoing.delivery_id for batch in left for outgoing in batch] == [0]


def test_without_a_thread_to_spare_nothing_is_left_out(make, monkeypatch):
    begin, begun = threading.Thread.start, []

    def start(thread):
        begun.append(thread)
        if len(begun) > 2:
            raise RuntimeError("can't start new thread")
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    hang = threading.Event()
    pool = make(lambda _: hang.wait(30), most=9)
    with pytest.raises(RuntimeError):
        pool.send(*([OutgoingMessage(number, None)] for number in range(9)))
    wait_until(lambda: len(pool._began) == 2)
    pool.recall()
    hang.set()
    assert len(everything(pool)) == 9


def test_a_lane_that_is_overdue_is_replaced(make):
    """At one batch a second a single lane is enough, unless its batch hangs."""
    hang, clock = threading.Event(), Clock(0)
    pool = make(lambda batch: hang.wait(30) if batch == "slow" else None, timer=clock)
    pool.speed = 1
    pool.send("slow")
    pool.send("quick")
    assert pool.is_full
    assert pool.collect(room=1, seconds=0) == []
    wait_until(lambda: pool._began)
    clock.now += 2
    assert pool.size == 2
    assert [batch for batch, _ in pool.collect(room=2, seconds=5)] == ["quick"]
    assert not pool.is_full
    hang.set()
    everything(pool)
    assert pool.size == 1


def wait_until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def accepted(batch):
    return BatchResult([Result(each.delivery_id, DeliveryState.ACCEPTED) for each in batch])


def test_while_nothing_is_answered_only_one_probe_is_let_out(make):
    """A network that swallows packets: each further call would be in doubt, too."""
    go_on, clock = threading.Semaphore(0), Clock(0)

    def deliver(batch):
        assert go_on.acquire(timeout=30)
        return accepted(batch)

    pool = make(deliver, most=9, timer=clock)
    pool.send(*([OutgoingMessage(number, None)] for number in range(3)))
    wait_until(lambda: len(pool._began) == 3)
    assert not pool.is_full
    clock.now = 1.5
    assert pool.is_silent
    assert not pool.is_full  # the probe
    pool.send([OutgoingMessage(3, None)])
    assert pool.is_full
    clock.now = 30
    assert pool.is_full
    go_on.release()
    assert len(pool.collect(room=4, seconds=5)) == 1
    assert not pool.is_silent
    assert not pool.is_full
    for _ in range(3):
        go_on.release()
    everything(pool)


def test_a_lost_answer_does_not_end_the_silence(make):
    hang, clock = threading.Event(), Clock(0)

    def deliver(batch):
        if batch[0].delivery_id:
            hang.wait(30)
        return BatchResult([Result(0, DeliveryState.UNCERTAIN)])

    pool = make(deliver, most=9, timer=clock)
    pool.send([OutgoingMessage(1, None)])
    wait_until(lambda: pool._began)
    clock.now = 1.5
    pool.send([OutgoingMessage(0, None)])
    pool.collect(room=2, seconds=5)
    assert pool.is_silent
    hang.set()
    everything(pool)


def test_what_is_taken_back_is_no_answer(make):
    hang, clock = threading.Event(), Clock(0)
    pool = make(lambda batch: hang.wait(30) and accepted(batch), most=1, timer=clock)
    pool.send([OutgoingMessage(1, None)], [OutgoingMessage(2, None)])
    wait_until(lambda: pool._began)
    clock.now = 1.5
    pool.recall()
    assert [batch[0].delivery_id for batch, _ in pool.collect(room=2, seconds=5)] == [2]
    assert pool.is_silent
    hang.set()
    everything(pool)


def test_while_calls_are_lost_only_one_probe_is_let_out(make):
    hang = threading.Event()
    pool = make(lambda batch: hang.wait(30) and accepted(batch), most=9)
    pool.is_doubtful = True
    assert not pool.is_full
    pool.send([OutgoingMessage(1, None)])
    assert pool.is_full
    pool.is_doubtful = False
    assert not pool.is_full
    hang.set()
    everything(pool)
