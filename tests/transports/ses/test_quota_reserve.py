"""A part of the daily quota is left to other mail."""

from __future__ import annotations

import pytest

from mailer.errors import TransportError
from mailer.transports.ses.quota_reserve import QuotaReserve


class Account:
    """What SES says is left above the reserve, each time it is asked."""

    def __init__(self, spare, *answers):
        self.spare = spare
        self.answers = list(answers)

    def ask(self):
        self.spare.know(self.answers.pop(0))


def test_without_a_reserve_everything_may_be_taken():
    spare = QuotaReserve(0)
    spare.know(0)
    account = Account(spare, 0)
    spare.take(1_000, account.ask)
    assert account.answers == [0]


def test_without_a_limit_everything_may_be_taken():
    spare = QuotaReserve(100)
    spare.know(None)
    account = Account(spare, 0)
    spare.take(1_000, account.ask)
    assert account.answers == [0]


def test_no_more_is_taken_than_is_left():
    spare = QuotaReserve(100)
    spare.know(5)
    account = Account(spare, 1)
    for _ in range(5):
        spare.take(1, account.ask)
    spare.take(1, account.ask)
    account.answers.append(0)
    with pytest.raises(TransportError, match="100, is reserved for other mail"):
        spare.take(1, account.ask)


def test_what_others_have_taken_is_seen_and_ses_is_asked_once():
    spare = QuotaReserve(100)
    spare.know(50)
    account = Account(spare, 20)
    with pytest.raises(TransportError):
        spare.take(51, account.ask)
    with pytest.raises(TransportError):
        spare.take(51, account.ask)
    assert account.answers == []
    spare.take(20, account.ask)


def test_what_has_come_free_meanwhile_may_be_taken():
    spare = QuotaReserve(100)
    spare.know(0)
    account = Account(spare, 10)
    spare.take(10, account.ask)
    assert account.answers == []
