"""The rate that all workers share."""

import pytest

from mailer.errors import StoreError
from mailer.throttle import Reservation


def test_stores_share_one_rate(store, other):
    waits = [
        s.throttle.reserve("ses", 10, rate=10, burst=10, clock=lambda: 100.0).wait
        for s in (store, other, store)
    ]
    assert waits == [0, 1, 2]
    assert other.throttle.reserve("outbox", 10, rate=10, burst=10, clock=lambda: 100.0).wait == 0


def test_time_that_passes_pays_for_what_was_reserved(store, other):
    store.throttle.reserve("ses", 10, rate=10, burst=10, clock=lambda: 100.0)
    assert other.throttle.reserve("ses", 10, rate=10, burst=10, clock=lambda: 100.75).wait == 0.25


def test_stores_share_what_is_left_of_a_rate(store, other):
    store.throttle.slow_down("ses", clock=lambda: 100.0)
    turns = [
        s.throttle.reserve("ses", 10, rate=10, burst=10, clock=lambda: 100.0)
        for s in (other, store)
    ]
    assert turns == [Reservation(wait=0, rate_factor=0.5), Reservation(wait=2, rate_factor=0.5)]
    assert other.throttle.reserve("ses", 1, rate=10, burst=10, clock=lambda: 150.0).rate_factor == 1
    assert (
        other.throttle.reserve("outbox", 1, rate=10, burst=10, clock=lambda: 100.0).rate_factor == 1
    )


@pytest.mark.sqlite_only("a server has one clock for all")
def test_the_clock_is_read_when_it_is_this_reservations_turn(store, other):
    """Of two that ask at once, the later is not taken for one whose clock was set back."""
    other.database.connection.execute("PRAGMA busy_timeout = 10")
    refused = []

    def clock():
        with pytest.raises(StoreError, match="locked") as refusal:
            other.throttle.reserve("ses", 1, rate=10, burst=1, clock=lambda: 0.0)
        refused.append(refusal)
        return 100.0

    store.throttle.reserve("ses", 1, rate=10, burst=1, clock=clock)
    assert len(refused) == 1
