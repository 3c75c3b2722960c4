"""Figures as pictures: bars in SVG between words in HTML, which keep their size on any screen.

Colors come from the page: bars are drawn in `currentColor`. `STYLE` is all the CSS they need.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

STYLE = """.chart { margin: 0; }
.chart figcaption, .chart .axis { display: flex; justify-content: space-between; gap: 8px; }
.chart .axis { margin: 0; }
.chart svg { display: block; width: 100%; height: 96px; border-bottom: 1px solid; }
.bars { border-spacing: 0; width: 100%; }
.bars caption, .bars th { text-align: left; }
.bars th { font-weight: normal; padding-right: 12px; }
.bars td:last-child { text-align: right; padding-left: 12px; font-variant-numeric: tabular-nums; }
.bars .bar { width: 60%; }
.bars svg { display: block; width: 100%; height: 12px; }
"""

_COLUMNS = 60
"""Columns at most, so that each can be told from the next on a phone."""
_WIDEST = 0.08
"""The share of the chart's width that a column takes at most."""
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
"""Minutes that a column may stand for; beyond, whole days."""
_HOUR, _DAY = 60, 1440


def over_time(minutes: Sequence[tuple[datetime, int]], *, what: str) -> str:
    """How many in each stretch of time; pauses stay empty. "" when there is nothing to show.

    Args:
        minutes: (aware time of a whole minute, in the reader's time zone; number), ascending.
        what: is counted, as in "messages".
    """
    if not minutes:
        return ""
    step = _step(minutes)
    begin = minutes[0][0]
    columns = [0] * (_since(begin, minutes[-1][0]) // step + 1)
    for at, number in minutes:
        columns[_since(begin, at) // step] += number
    most = max(columns)
    title = f"{what} in {_stretch(step)}".capitalize()
    end = begin + timedelta(minutes=step * len(columns))
    times = _times(begin, end)
    label = f"{title}, from {times[0]} to {times[1]}: at most {most:,}"
    return (
        '<figure class="chart">'
        f"<figcaption><span>{escape(title)}</span><span>at most {most:,}</span></figcaption>"
        f'<svg viewBox="0 0 {len(columns)} 100" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">{_columns(columns, most)}</svg>'
        f'<p class="axis"><span>{times[0]}</span><span>{times[1]}</span></p></figure>'
    )


def bars(rows: Sequence[tuple[str, int]], *, title: str) -> str:
    """Numbers to be compared, as a table with a bar in each row. "" when there is nothing to show."""
    most = max((number for _, number in rows), default=0)
    if not most:
        return ""
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="bar">{_bar(number, most)}</td>'
        f"<td>{number:,}</td></tr>"
        for name, number in rows
    )
    return f'<table class="bars"><caption>{escape(title)}</caption>{lines}</table>'


def _columns(columns: Sequence[int], most: int) -> str:
    # rounded up: a little is never nothing
    width = min(0.8, len(columns) * _WIDEST)
    return "".join(
        f'<rect x="{i + 0.5 - width / 2:.2f}" width="{width:.2f}" y="{100 - height}" '
        f'height="{height}" fill="currentColor"/>'
        for i, height in enumerate(math.ceil(100 * n / most) for n in columns)
        if height
    )


def _bar(number: int, most: int) -> str:
    width = math.ceil(100 * number / most)
    return (
        '<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{width:d}" height="1" fill="currentColor"/></svg>'
    )


def _since(begin: datetime, at: datetime) -> int:
    return int((at - begin).total_seconds()) // 60


def _step(minutes: Sequence[tuple[datetime, int]]) -> int:
    span = _since(minutes[0][0], minutes[-1][0]) + 1
    days = math.ceil(span / _COLUMNS / _DAY) * _DAY
    return next((step for step in _STEPS if step * _COLUMNS >= span), days)


def _stretch(step: int) -> str:
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (1, "minute")):
        if step % unit == 0 and step >= unit:
            return (
                f"a{'n' * (name == 'hour')} {name}" if step == unit else f"{step // unit} {name}s"
            )
    raise AssertionError(step)


def _times(begin: datetime, end: datetime) -> tuple[str, str]:
    """Two times for the axis, with the day where they differ in it."""
    if begin.date() == end.date():
        return f"{begin:%H:%M}", f"{end:%H:%M}"
    return f"{begin:%b} {begin.day}, {begin:%H:%M}", f"{end:%b} {end.day}, {end:%H:%M}"
