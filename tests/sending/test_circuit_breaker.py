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


def test_a_lost_call_counts_once_however_many_letters_it_carried():
    streak = CircuitBreaker()
    for number in range(9):
        assert call(streak, *[UNCERTAIN] * 50, said=f"reason {number}") is None
    assert call(streak, *[UNCERTAIN] * 50).state is UNCERTAIN


def test_a_verdict_stays():
    streak = CircuitBreaker()
    call(streak, *[FAILED] * 10)
    assert call(streak, *[ACCEPTED] * 10)
