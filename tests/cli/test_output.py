"""Durations in messages."""

import pytest

from mailer.cli import output


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "about a second"),
        (47.4, "about 47 seconds"),
        (200, "about 3 minutes"),
        (8100, "about 2 h 15 min"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds, words):
    assert output.duration(seconds) == words
