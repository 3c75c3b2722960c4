"""Charts: every figure is in them, at its size, and what is said beside them is true."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from mailer.reports import charts

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def at(minute):
    return NOON + timedelta(minutes=minute)


def heights(chart):
    tree = html.fromstring(chart)
    return {int(float(r.get("x"))): int(r.get("height")) for r in tree.iter("rect")}


def test_a_minute_has_a_column_and_a_pause_has_none():
    chart = charts.over_time([(at(0), 50), (at(1), 100), (at(4), 1)], what="messages")
    assert heights(chart) == {0: 50, 1: 100, 4: 1}
    text = html.fromstring(chart).text_content()
    assert text == "Messages in a minuteat most 10012:0012:05"


@pytest.mark.parametrize(
    ("last", "title", "columns"),
    [
        (59, "a minute", 60),
        (60, "2 minutes", 31),
        (299, "5 minutes", 60),
        (300, "10 minutes", 31),
        (3_599, "an hour", 60),
        (60 * 24 * 60, "2 days", 31),
        (60 * 24 * 400, "7 days", 58),
    ],
)
def test_a_long_time_is_drawn_in_columns_that_can_be_told_apart(last, title, columns):
    chart = charts.over_time([(at(0), 1), (at(last), 1)], what="messages")
    assert f"Messages in {title}<" in chart
    assert f'viewBox="0 0 {columns} 100"' in chart


def test_days_are_named_where_there_are_several():
    chart = charts.over_time([(at(0), 1), (at(60 * 13), 1)], what="messages")
    assert ">May 4, 12:00<" in chart
    assert ">May 5, 01:15<" in chart


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**6)), min_size=1, max_size=80))
def test_the_tallest_column_is_the_most_that_is_said(found):
    minutes = [(at(minute), number) for minute, number in sorted(dict(found).items())]
    chart = charts.over_time(minutes, what="messages")
    drawn = heights(chart)
    assert max(drawn.values()) == 100
    assert min(drawn.values()) >= 1
    most = int(re.search(r"at most ([\d,]+)<", chart)[1].replace(",", ""))
    assert max(number for _, number in minutes) <= most <= sum(number for _, number in minutes)


def test_bars_are_as_long_as_their_numbers_and_names_are_text():
    chart = html.fromstring(
        charts.bars([("<b>gmail</b>", 200), ("other", 1), ("none", 0)], title="T")
    )
    assert [row.text_content() for row in chart.iter("tr")] == [
        "<b>gmail</b>200",
        "other1",
        "none0",
    ]
    assert [int(rect.get("width")) for rect in chart.iter("rect")] == [100, 1, 0]


def test_nothing_is_no_chart():
    assert charts.over_time([], what="messages") == ""
    assert charts.bars([], title="T") == charts.bars([("a", 0)], title="T") == ""
