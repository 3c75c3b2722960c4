"""States, countries and time zones as people write them."""

import pytest

from mailer.lists.places import is_abroad, state, zone


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        *(("Oregon", "OR"), ("oregon", "OR"), ("or", "OR"), ("Ore.", "OR"), ("US-OR", "OR")),
        *(("New  York", "NY"), ("N.Y.", "NY"), ("D.C.", "DC"), ("Mass.", "MA"), ("W. Va.", "WV")),
        *(
            ("Ontario", "Ontario"),
            ("on", "ON"),
            ("Washington", "WA"),
            ("Armed Forces Pacific", "AP"),
        ),
    ],
)
def test_states_become_two_letters(written, kept):
    assert state(written) == kept


@pytest.mark.parametrize(
    "country", ["", "US", "usa", "U.S.A.", "United States", "United States of America", "PR"]
)
def test_the_united_states_are_not_abroad(country):
    assert not is_abroad(country)


@pytest.mark.parametrize("country", ["France", "CA", "Canada", "Deutschland", "UK", "México"])
def test_other_countries_are_abroad(country):
    assert is_abroad(country)


def test_a_time_zone_that_programs_cannot_use_is_none():
    assert zone("America/New_York") == "America/New_York"
    assert zone("Pacific Time (US & Canada)") == ""
    assert zone("EST") == ""
