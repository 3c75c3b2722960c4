"""Orders for later, by clocks that are put forward and back; zoneinfo is the oracle."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.campaigns import schedule
from mailer.errors import UsageError

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
NEW_YORK, LOS_ANGELES, PHOENIX = "America/New_York", "America/Los_Angeles", "America/Phoenix"
# put forward and back by an hour, by half an hour, never, at midnight, and over a whole day
ZONES = [
    NEW_YORK,
    LOS_ANGELES,
    PHOENIX,
    "Europe/Lisbon",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "Pacific/Apia",
    "UTC",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
walls = st.datetimes(datetime(1995, 1, 1), datetime(2037, 12, 31)).map(  # noqa: DTZ001 - a clock's face
    lambda wall: wall.replace(second=0, microsecond=0)
)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def timing(text, people=None, *, now=NOW, default=""):
    return schedule.timing(
        schedule.parse(text, default=default), people or {"": 10}, now=now, default=default
    )


# ---------------------------------------------------------------- clocks


@given(walls, zones)
def test_it_is_due_at_the_first_moment_at_which_the_clock_has_reached_the_time(wall, zone):
    due = schedule.moment(wall, zone)
    assert schedule.clock(due, zone) >= wall
    assert schedule.clock(due - timedelta(seconds=1), zone) < wall


@given(walls, zones)
def test_a_time_that_a_clock_shows_is_the_time_it_is_due(wall, zone):
    shown = {
        wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        for fold in (0, 1)
        if schedule.clock(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC), zone) == wall
    }
    due = schedule.moment(wall, zone)
    if shown:
        assert due == min(shown)
    else:
        assert schedule.clock(due, zone) > wall


@given(st.datetimes(datetime(1995, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC)), zones)  # noqa: DTZ001 - its bounds
def test_a_moment_comes_back_from_its_clock_unless_the_clock_showed_it_before(at, zone):
    at = at.replace(second=0, microsecond=0)
    due = schedule.moment(schedule.clock(at, zone), zone)
    if at.astimezone(zone).fold:
        assert due < at
    else:
        assert due == at


@pytest.mark.parametrize(("zone", "spring", "hour"), [
    (NEW_YORK, "2026-03-08", "07:00"),
    (LOS_ANGELES, "2026-03-08", "10:00"),
    ("Europe/Lisbon", "2026-03-29", "01:00"),
])  # fmt: skip
def test_in_a_gap_it_is_due_when_the_clock_is_put_forward(zone, spring, hour):
    skipped = "01:30" if zone == "Europe/Lisbon" else "02:30"
    found = timing(f"{spring} {skipped} {zone}", now=utc("2026-01-01 00:00"))
    assert found.due == utc(f"{spring} {hour}")


@pytest.mark.parametrize(("zone", "autumn", "first"), [
    (NEW_YORK, "2026-11-01", "05:30"),
    (LOS_ANGELES, "2026-11-01", "08:30"),
    ("Europe/Lisbon", "2026-10-25", "00:30"),
])  # fmt: skip
def test_of_a_time_that_comes_twice_the_first_counts(zone, autumn, first):
    found = timing(f"{autumn} 01:30 {zone}", now=utc("2026-01-01 00:00"))
    assert found.due == utc(f"{autumn} {first}")


@pytest.mark.parametrize(("day", "new_york", "los_angeles", "phoenix"), [
    ("2026-03-07", "14:00", "17:00", "16:00"),
    ("2026-03-08", "13:00", "16:00", "16:00"),
    ("2026-10-31", "13:00", "16:00", "16:00"),
    ("2026-11-01", "14:00", "17:00", "16:00"),
])  # fmt: skip
def test_nine_in_the_morning_is_nine_on_both_sides_of_a_change(day, new_york, los_angeles, phoenix):
    people = {NEW_YORK: 3, LOS_ANGELES: 2, PHOENIX: 1}
    found = timing(f"{day} 09:00 local", people, now=utc("2026-01-01 00:00"))
    due = {zone: found.zones.get(zone, found.due) for zone in people}
    assert due == {
        NEW_YORK: utc(f"{day} {new_york}"),
        LOS_ANGELES: utc(f"{day} {los_angeles}"),
        PHOENIX: utc(f"{day} {phoenix}"),
    }


# ---------------------------------------------------------------- which day


def test_without_a_day_it_is_the_next_time_the_clock_shows_it():
    assert timing(f"14:00 {NEW_YORK}").due == utc("2026-11-21 19:00")
    assert timing(f"09:00 {NEW_YORK}").due == utc("2026-11-22 14:00")
    assert timing(f"9:00 {NEW_YORK}").plan == f"2026-11-22 09:00 {NEW_YORK}"


def test_without_a_day_a_local_hour_is_the_same_day_for_everybody_and_past_for_nobody():
    # at 18:00 UTC it is 13:00 in New York and 10:00 in Los Angeles
    people = {NEW_YORK: 3, LOS_ANGELES: 2}
    assert timing("14:00 local", people).plan == "2026-11-21 14:00 local"
    found = timing("12:00 local", people)
    assert found.plan == "2026-11-22 12:00 local"
    assert found.zones.get(LOS_ANGELES, found.due) == utc("2026-11-22 20:00")


def test_a_local_hour_that_is_past_for_some_is_refused_with_their_number():
    people = {NEW_YORK: 1_203, LOS_ANGELES: 20}
    with pytest.raises(
        UsageError, match=r"past already for 1,203 of 1,223 recipients \(America/New_York\)"
    ):
        timing("2026-11-21 12:00 local", people)


@pytest.mark.parametrize("text", ["2026-11-21 12:59 America/New_York", "2020-01-01 09:00 UTC"])
def test_a_time_that_is_past_is_refused(text):
    with pytest.raises(UsageError, match="is past"):
        timing(text)


def test_a_year_too_far_is_taken_for_a_slip():
    with pytest.raises(UsageError, match="more than a year away"):
        timing("2062-12-01 09:00 UTC")


# ---------------------------------------------------------------- which zone


def test_a_recipient_without_a_known_zone_goes_by_the_project():
    people = {NEW_YORK: 3, "": 2, "Springfield": 1}
    found = timing("2026-12-01 09:00 local", people, default=LOS_ANGELES)
    for unknown in ("", "Springfield"):
        assert found.zones.get(unknown, found.due) == utc("2026-12-01 17:00")
    assert found.zones[NEW_YORK] == utc("2026-12-01 14:00")


def test_without_a_project_zone_recipients_without_one_are_counted():
    with pytest.raises(UsageError, match="2 recipients have no time zone"):
        timing("2026-12-01 09:00 local", {NEW_YORK: 3, "": 2})


def test_an_order_without_a_zone_means_the_project():
    assert timing("2026-12-01 09:00", default=NEW_YORK).due == utc("2026-12-01 14:00")
    with pytest.raises(UsageError, match="does not say in which time zone"):
        timing("2026-12-01 09:00")


@pytest.mark.parametrize("text", [
    "2026-12-01T09:00-05:00", "2026-12-01 09:00 -0500", "2026-12-01T14:00Z", "2026-12-01T14:00:00Z",
    "2026-12-01 14:00 UTC", "2026-12-01  09:00  America/New_York",
])  # fmt: skip
def test_offsets_and_iso_are_understood(text):
    assert timing(text).due == utc("2026-12-01 14:00")


@pytest.mark.parametrize(("zone", "meant"), [
    ("EST", 'Did you mean "America/New_York"?'),
    ("Pacific", 'Did you mean "America/Los_Angeles"?'),
    ("America/New_Yrok", 'Did you mean "America/New_York"?'),
    ("Mars", "Write it as in America/New_York or Europe/Lisbon."),
])  # fmt: skip
def test_a_zone_that_is_none_gets_a_suggestion(zone, meant):
    with pytest.raises(UsageError, match=f'there is no time zone "{zone}"') as err:
        timing(f"2026-12-01 09:00 {zone}")
    assert err.value.hint == meant


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "9",
        "25:00 UTC",
        "2026-02-30 09:00 UTC",
        "",
        "2026-12-01",
        "09:00:44 UTC",
        "09:00:44",
    ],
)
def test_what_is_no_time_is_refused_with_examples(text):
    with pytest.raises(UsageError, match="is not a time") as err:
        timing(text)
    assert "2026-12-01 09:00 America/New_York" in err.value.hint


typed = st.tuples(
    st.sampled_from(["", "2026-12-01", "2999-12-31", "0001-01-01", "9999-12-31", "2026-02-29"]),
    st.sampled_from(["", " ", "T"]),
    st.sampled_from(["09:00", "24:00", "9:60", "23:59:00"]),
    st.sampled_from(["", " "]),
    st.sampled_from(["", "local", "LOCAL", "Z", "+99:99", "-23:59", "+24:00", "../x", NEW_YORK]),
).map("".join)


@given(st.text(max_size=40) | typed)
def test_whatever_is_typed_is_a_time_or_an_error_of_ours(text):
    try:
        found = timing(text, {NEW_YORK: 1, "": 1}, default=NEW_YORK)
    except UsageError:
        return
    assert found.due > NOW


@given(
    st.dates(date(2026, 11, 23), date(2027, 11, 1)),
    st.times(),
    st.dictionaries(st.sampled_from(ZONES), st.integers(1, 9), min_size=1),
)
def test_each_zone_gets_its_own_clock_and_a_plan_can_be_read_again(day, at, people):
    found = timing(f"{day} {at:%H:%M} local", people)
    for name in people:
        assert found.zones.get(name, found.due) == schedule.moment(
            datetime.combine(day, at.replace(second=0, microsecond=0)), ZoneInfo(name)
        )
    assert timing(found.plan, people) == found
