"""GCRA as arithmetic: checked with exact fractions, where a bound is a bound."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.throttle import RECOVERY, Bucket, reserve, slow_down

rates = st.fractions(min_value=Fraction(1, 10), max_value=2000, max_denominator=10)
gaps = st.fractions(min_value=0, max_value=3, max_denominator=1000)


@st.composite
def traffic(draw):
    """A rate, a burst, and reservations (seconds since the one before, messages)."""
    burst = draw(st.integers(1, 500))
    calls = st.lists(st.tuples(gaps, st.integers(1, burst)), min_size=1, max_size=30)
    return draw(rates), burst, draw(calls)


def departures(rate, burst, calls):
    """When each reservation's messages leave, at the latest moment nothing else is waited for."""
    bucket, now, left = None, Fraction(0), []
    for gap, n in calls:
        now += gap
        bucket, wait = reserve(bucket, n, rate=rate, burst=burst, now=now)
        left.append((now + Fraction(wait), n))
    return left


@given(traffic())
def test_no_second_lets_through_more_than_the_rate_and_one_burst(scene):
    rate, burst, calls = scene
    left = departures(rate, burst, calls)
    for start, _ in left:
        assert sum(n for at, n in left if start <= at < start + 1) <= rate + burst


@given(traffic())
def test_nobody_waits_longer_than_what_was_reserved_takes(scene):
    rate, burst, calls = scene
    now, reserved = Fraction(0), 0
    for (at, n), (gap, _) in zip(departures(rate, burst, calls), calls, strict=True):
        now += gap
        reserved += n
        assert at - now <= Fraction(reserved) / rate


@given(rates, st.integers(1, 500), st.integers(2, 40))
def test_full_batches_one_after_another_keep_exactly_the_rate(rate, burst, batches):
    left = departures(rate, burst, [(0, burst)] * batches)
    assert left[-1][0] - left[0][0] == Fraction(burst * (batches - 1)) / rate


@given(rates, st.integers(1, 500), gaps)
def test_time_unused_is_never_saved_up_beyond_one_burst(rate, burst, idle):
    bucket, _ = reserve(None, burst, rate=rate, burst=burst, now=Fraction(0))
    later = Fraction(burst) / rate + idle
    bucket, wait = reserve(bucket, burst, rate=rate, burst=burst, now=later)
    assert wait == 0
    _, wait = reserve(bucket, burst, rate=rate, burst=burst, now=later)
    assert wait == Fraction(burst) / rate


@given(traffic(), st.fractions(min_value=1, max_value=10**6, max_denominator=10))
def test_a_clock_set_back_is_a_clock_that_stood_still(scene, step):
    rate, burst, calls = scene
    bucket, now = None, Fraction(10**7)
    for gap, n in calls:
        now += gap
        bucket, _ = reserve(bucket, n, rate=rate, burst=burst, now=now)
    stood_still = reserve(bucket, burst, rate=rate, burst=burst, now=now)[1]
    set_back = reserve(bucket, burst, rate=rate, burst=burst, now=now - step)[1]
    assert set_back == stood_still


def test_after_a_clock_was_set_back_the_rate_goes_on_as_before():
    bucket = Bucket(busy_until=Fraction(1000), read_at=Fraction(1000))
    waits = []
    for now in (10, 11, 12):
        bucket, wait = reserve(bucket, 5, rate=Fraction(5), burst=5, now=Fraction(now))
        waits.append(wait)
    assert waits == [0, 0, 0]


def test_a_reservation_larger_than_the_burst_waits_for_the_rest():
    _, wait = reserve(None, 30, rate=10, burst=10, now=5.0)
    assert wait == pytest.approx(2.0)


# ---------------------------------------------------------------- when less is asked for


def rate_factor_of(bucket, now):
    return reserve(bucket, 1, rate=10, burst=1, now=now)[0].rate_factor


def test_a_complaint_halves_the_rate_and_time_brings_it_back():
    bucket = slow_down(Bucket(busy_until=Fraction(0), read_at=Fraction(0)), now=Fraction(100))
    halves = [rate_factor_of(bucket, 100 + Fraction(RECOVERY, 4) * n) for n in range(4)]
    assert halves == [Fraction(1, 2), Fraction(3, 4), 1, 1]


def test_half_the_rate_takes_twice_the_time():
    bucket, waits = slow_down(None, now=Fraction(0)), []
    for _ in range(3):
        bucket, wait = reserve(bucket, 5, rate=Fraction(5), burst=5, now=Fraction(0))
        waits.append(wait)
    assert waits == [0, 2, 4]


def test_complaints_about_calls_that_were_under_way_together_count_once():
    bucket = slow_down(None, now=100)
    assert slow_down(bucket, now=100.9).rate_factor == pytest.approx(1 / 2 + 0.9 / RECOVERY)
    assert slow_down(bucket, now=101).rate_factor == pytest.approx((1 / 2 + 1 / RECOVERY) / 2)


def test_it_never_stops_altogether():
    bucket = None
    for second in range(100):
        bucket = slow_down(bucket, now=float(second))
    assert bucket.rate_factor == pytest.approx(1 / RECOVERY)


@given(traffic(), st.lists(st.booleans(), min_size=30, max_size=30))
def test_complaints_never_let_more_through(scene, complaints):
    rate, burst, calls = scene
    bucket, now, left = None, Fraction(0), []
    for (gap, n), complaint in zip(calls, complaints, strict=False):
        now += gap
        if complaint:
            bucket = slow_down(bucket, now=now)
        bucket, wait = reserve(bucket, n, rate=rate, burst=burst, now=now)
        left.append((now + Fraction(wait), n))
    for start, _ in left:
        assert sum(n for at, n in left if start <= at < start + 1) <= rate + burst


def test_a_complaint_on_a_clock_that_was_set_back_makes_nobody_wait_for_it():
    bucket, _ = reserve(None, 5, rate=5, burst=5, now=1000.0)
    bucket = slow_down(bucket, now=10.0)
    assert reserve(bucket, 5, rate=5, burst=5, now=10.0)[1] == 1
    assert slow_down(bucket, now=5.0).rate_factor == 1 / 4
