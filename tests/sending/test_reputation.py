"""A send is stopped by what becomes of its mail, and by nothing less."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailer.ledger.event import DeliverabilityStats
from mailer.sending.reputation import ReputationLimits, ReputationMonitor, reason_to_pause

LIMITS = ReputationLimits(bounces=5.0, complaints=0.1, outcomes=500)
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (DeliverabilityStats(500, 25, 0), ""),
        (DeliverabilityStats(500, 26, 0), "26 of 500 mails bounced: 5.2 %, and more than 5 % stops a send"),
        (DeliverabilityStats(499, 499, 499), ""),
        (DeliverabilityStats(1_000, 50, 4), ""),
        (DeliverabilityStats(4_999, 0, 5), "5 of 4,999 mails were complained about: 0.1 %, and more than 0.1 % stops a send"),
        (DeliverabilityStats(5_000, 250, 5), ""),
        (DeliverabilityStats(1_000, 900, 900, watched=False), ""),
        (DeliverabilityStats(0, 0, 0), ""),
    ],
)  # fmt: skip
def test_too_many_of_enough_stop_a_send(found, said):
    assert reason_to_pause(found, LIMITS) == said


class Store:
    def __init__(self, found):
        self.found = found
        self.asked = 0
        self.events = self

    def stats(self, send_id):
        assert send_id == 7
        self.asked += 1
        return self.found


def test_it_looks_at_once_and_then_every_five_seconds():
    store = Store(DeliverabilityStats(1_000, 900, 0))
    judge = ReputationMonitor(store, LIMITS)
    assert judge.why_stop(7, NOW)
    assert not judge.why_stop(7, NOW + timedelta(seconds=4.9))
    assert store.asked == 1
    assert judge.why_stop(7, NOW + timedelta(seconds=5))
