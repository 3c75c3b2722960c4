import random

import pytest

from mailer.ledger.delivery import DeliveryState, Result
from mailer.sending.circuit_breaker import CircuitBreaker

ACCEPTED, FAILED, PENDING, UNCERTAIN = (
    DeliveryState.ACCEPTED,
    DeliveryState.FAILED,
    DeliveryState.PENDING,
    DeliveryState.UNCERTAIN,
)


def call(streak, *states, said="no"):
    streak.add(
        (Result(number, state, detail=f"p{number}@example.org: {said}"), f"p{number}@example.org")
        for number, state in enumerate(states)
    )
    return streak.verdict


def test_ten_refusals_with_the_same_words_are_enough():
    streak = CircuitBreaker()
    for _ in range(9):
        assert call(streak, FAILED) is None
    assert call(streak, FAILED).state is FAILED


def test_the_recipients_own_address_makes_no_words_different():
    assert call(CircuitBreaker(), *[FAILED] * 9) is None
    assert call(CircuitBreaker(), *[FAILED] * 10).detail == "p9@example.org: no"


def test_other_words_begin_anew():
    streak = CircuitBreaker()
    call(streak, *[FAILED] * 9)
    assert call(streak, *[FAILED] * 9, said="something else") is None
    assert call(streak, FAILED, said="something else")


def test_a_success_begins_anew():
    streak = CircuitBreaker()
    call(streak, *[FAILED] * 9, ACCEPTED)
    assert call(streak, *[FAILED] * 9) is None


def test_what_was_not_sent_says_nothing_about_refusals():
    streak = CircuitBreaker()
    call(streak, *[FAILED] * 9, PENDING)
    assert call(streak, FAILED)


class Timer:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def timer():
    return Timer()


@pytest.fixture
def breaker(timer):
    return CircuitBreaker(timer=timer)


def lose(breaker, calls):
    for _ in range(calls):
        verdict = call(breaker, UNCERTAIN)
    return verdict


def answer(breaker, calls):
    for _ in range(calls):
        call(breaker, ACCEPTED)


def test_a_lost_call_counts_once_however_many_letters_it_carried(breaker):
    for number in range(9):
        call(breaker, *[UNCERTAIN] * 50, said=f"reason {number}")
        assert not breaker.is_doubtful
    call(breaker, *[UNCERTAIN] * 50)
    assert breaker.is_doubtful


def test_a_burst_of_lost_calls_pauses_nothing_however_many_were_in_flight(breaker, timer):
    assert lose(breaker, 500) is None
    timer.now = 29
    answer(breaker, 20)
    assert not breaker.is_doubtful
    timer.now = 31
    assert lose(breaker, 500) is None


def test_a_network_that_is_gone_pauses_it_after_half_a_minute_at_the_cost_of_a_few_probes(
    breaker, timer
):
    probes = 0
    while lose(breaker, 10 if not probes else 1) is None:
        timer.now += 0.2  # the time that a call takes
        while breaker.is_resting:
            timer.now += 0.1
        probes += 1
    assert 30 <= timer.now < 45
    assert probes < 12


def test_answers_that_were_due_a_minute_ago_pause_it_at_once(breaker, timer):
    answer(breaker, 1)
    timer.now = 60
    assert lose(breaker, 9) is None
    assert lose(breaker, 1).state is UNCERTAIN


def test_an_answered_probe_lets_sending_go_on(breaker, timer):
    lose(breaker, 10)
    timer.now = 5
    lose(breaker, 1)
    assert breaker.is_resting
    timer.now = 10
    assert breaker.is_doubtful
    assert not breaker.is_resting
    answer(breaker, 1)
    assert not breaker.is_doubtful


@pytest.mark.parametrize(("lost", "of", "pauses"), [(1, 2, True), (2, 5, True), (1, 4, False)])
def test_the_share_of_lost_calls_counts_and_not_their_order(breaker, timer, lost, of, pauses):
    chance = random.Random(1)
    for _ in range(2_000):
        state = UNCERTAIN if chance.random() < lost / of else ACCEPTED
        if call(breaker, state):
            break
        timer.now += 0.1
    assert bool(breaker.verdict) is pauses


def test_what_was_not_sent_neither_pauses_nor_excuses(breaker, timer):
    lose(breaker, 9)
    timer.now = 31
    call(breaker, *[PENDING] * 500)
    assert breaker.verdict is None
    assert lose(breaker, 1)


def test_a_verdict_stays():
    streak = CircuitBreaker()
    call(streak, *[FAILED] * 10)
    assert call(streak, *[ACCEPTED] * 10)
