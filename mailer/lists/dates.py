"""Dates as files write them."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from datetime import date
from functools import lru_cache

# With slashes the month comes first, as in the US.
_FORMATS = (
    *("%Y-%m-%d", "%Y%m%d"),
    *("%m/%d/%Y", "%m/%d/%y", "%d/%m/%Y", "%Y/%m/%d", "%m-%d-%Y", "%d.%m.%Y"),
    *("%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y"),
    *("%B %d %Y", "%b %d %Y", "%a, %d %b %Y", "%A, %B %d, %Y", "%d %B, %Y", "%d. %B %Y"),
)
_LONGEST = 60
"""Characters: no cache of dates grows with what a file holds."""
_FIRST_YEAR = 1900
"""Before it, a date is a slip of the keyboard."""
_TIME_OF_DAY = re.compile(r"[T ]+[0-9]{1,2}:[0-9]{2}.*")
_MOMENT = re.compile(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


def iso_date(text: str) -> str:
    """The day as an ISO date, "" for what is no date."""
    return _date(text[:_LONGEST])


def iso_moment(text: str) -> str:
    """A moment as the store writes it, as it is; else the day as an ISO date, "" for none."""
    return text if _MOMENT.fullmatch(text) else iso_date(text)


@lru_cache(maxsize=20_000)
def _date(text: str) -> str:
    day = _TIME_OF_DAY.sub("", text)
    for form in _FORMATS:
        with suppress(ValueError):
            parsed = date(*time.strptime(day, form)[:3])
            return parsed.isoformat() if parsed.year >= _FIRST_YEAR else ""
    return ""
