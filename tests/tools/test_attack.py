"""The attacks of `make attack`, in a small form, and whether they notice what gets through."""

from __future__ import annotations

import pytest

from mailer.links import Keys
from mailer.mail import message
from tools.attack import merges, raw_http, requests, timing, tokens
from tools.attack.served import served


def test_no_forged_token_is_read():
    outcome = tokens.run(3_000)
    assert outcome.tries == 3_000
    assert outcome.successes == []


def test_a_signature_that_is_not_verified_is_noticed(monkeypatch):
    monkeypatch.setattr(Keys, "read", lambda *_: (1, 1))
    assert tokens.run(50).successes


def test_no_hostile_value_changes_a_mail():
    outcome = merges.run(150)
    assert outcome.tries == 150
    assert outcome.successes == []


def test_values_that_are_not_escaped_are_noticed(monkeypatch):
    monkeypatch.setattr(
        merges, "_value", lambda rnd: "<b>" if rnd.random() < 0.5 else "a\r\nBcc: x@example.org"
    )
    assert merges.run(5).successes == []
    encode = message.encode

    def without_care(merged, *arguments, **options):
        data = encode(merged, *arguments, **options)
        return (
            data.replace(b"Subject:", b"Bcc: x@example.org\r\nSubject:")
            if merged.email != "r1@example.org"
            else data
        )

    monkeypatch.setattr(merges, "encode", without_care)
    assert merges.run(5).successes


@pytest.mark.slow
def test_no_request_breaks_the_pages():
    with served(5) as site:
        for outcome in (raw_http.run(site), requests.run(site, 400)):
            assert outcome.successes == []
            assert outcome.tries >= 24


def test_the_area_tells_slow_answers_from_the_same():
    assert timing.area_under_curve([2, 3], [1, 1]) == 1
    assert timing.area_under_curve([1, 1], [2, 3]) == 0
    assert timing.area_under_curve([1, 2, 3], [1, 2, 3]) == 0.5
