"""Rate, daily quota and sandbox of the fake SES."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ses_requests import TO, bulk, entry, error, mail, results
from tools.fake_ses import FakeSes
from tools.fake_ses.bucket import Bucket

pytestmark = pytest.mark.slow


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_is_enforced_and_comes_back(connect):
    clock = Clock()
    with FakeSes(rate=10, clock=clock) as ses:
        client = connect(ses.endpoint)
        for _ in range(11):  # the documented burst: 1.1 seconds' worth
            client.send_email(**mail())
        refused = error(lambda: client.send_email(**mail()))
        assert refused == ("TooManyRequestsException", 429, "Maximum sending rate exceeded.")
        clock.now += 0.11
        client.send_email(**mail())
        assert error(lambda: client.send_email(**mail()))[1] == 429
        assert Counter(call.status for call in ses.requests) == {200: 12, 429: 2}


def test_the_rate_counts_recipients(connect):
    both = {"ToAddresses": ["a@example.com"], "BccAddresses": ["b@example.com"]}
    with FakeSes(rate=4, clock=Clock()) as ses:
        client = connect(ses.endpoint)
        client.send_email(**mail(Destination=both))
        client.send_email(**mail(Destination=both))
        assert error(lambda: client.send_email(**mail()))[1] == 429


def test_bulk_entries_over_the_rate_are_throttled_and_then_the_call(connect):
    with FakeSes(rate=10, clock=Clock()) as ses:
        client = connect(ses.endpoint)
        answer = client.send_bulk_email(**bulk(*[entry()] * 13))
        assert results(answer) == ["SUCCESS"] * 11 + ["ACCOUNT_THROTTLED"] * 2
        assert error(lambda: client.send_bulk_email(**bulk()))[1] == 429
        assert [call.recipients for call in ses.requests] == [11, 0]


def test_throttling_may_be_called_otherwise(connect):
    with FakeSes(rate=1, rate_error="ThrottlingException", clock=Clock()) as ses:
        client = connect(ses.endpoint)
        client.send_email(**mail())
        assert error(lambda: client.send_email(**mail()))[:2] == ("ThrottlingException", 400)


@given(
    st.floats(1, 100),
    st.lists(st.tuples(st.floats(0, 2), st.integers(1, 20)), max_size=60),
)
def test_no_window_holds_more_than_the_rate_and_the_burst(rate, attempts):
    bucket, now, taken = Bucket(), 0.0, []
    for pause, recipients in attempts:
        now += pause
        if bucket.fits(recipients, rate=rate, burst=1.1, now=now):
            bucket.take(recipients)
            taken.append((now, recipients))
    for i, (start, _) in enumerate(taken):
        for j in range(i, len(taken)):
            amount = sum(recipients for _, recipients in taken[i : j + 1])
            assert amount <= rate * (taken[j][0] - start + 1.1) + 1e-6


def test_the_daily_quota_is_enforced(connect):
    with FakeSes(rate=100, quota=1000, sent=997) as ses:
        client = connect(ses.endpoint)
        client.send_email(**mail())
        assert client.get_account()["SendQuota"]["SentLast24Hours"] == 998
        answer = client.send_bulk_email(**bulk(*[entry()] * 3))
        assert results(answer) == ["SUCCESS", "SUCCESS", "ACCOUNT_DAILY_QUOTA_EXCEEDED"]
        refused = ("TooManyRequestsException", 429, "Daily message quota exceeded.")
        assert error(lambda: client.send_email(**mail())) == refused
        assert error(lambda: client.send_bulk_email(**bulk())) == refused
        ses.change(quota=-1)
        client.send_email(**mail())


def test_the_sandbox_knows_verified_recipients_and_the_simulator_only(connect):
    with FakeSes(setup="sandbox", rate=100) as ses:
        client = connect(ses.endpoint)
        client.send_email(**mail("staff@example.org"))
        client.send_email(**mail("success@simulator.amazonses.com"))
        code, _, message = error(lambda: client.send_email(**mail()))
        assert (code, TO in message) == ("MessageRejected", True)
        answer = client.send_bulk_email(**bulk(entry(), entry("staff@example.org")))
        assert results(answer) == ["MESSAGE_REJECTED", "SUCCESS"]
