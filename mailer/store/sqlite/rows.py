"""How a row of `subscribers` is read, and how many at once."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mailer.lists.subscriber import COLUMNS, Subscriber

if TYPE_CHECKING:
    from collections.abc import Sequence

SUBSCRIBER = ", ".join(f"s.{name}" for name in ("id", *COLUMNS, "fields", "tags"))
"""The columns that `subscriber` reads, of `subscribers s`."""

PAGE = 2_000
"""Rows read at once. No cursor stays open between pages: it would keep this connection from writing
as soon as another process has written."""


_OWN = 1 + len(COLUMNS)
_value = json.JSONDecoder().raw_decode
"""Two thirds of the time of `json.loads`, for text that was written here and begins with the value."""


def subscriber(row: Sequence[Any]) -> Subscriber:
    """Of a row that begins with the columns of `SUBSCRIBER`."""
    values = (*row[:_OWN], _value(row[_OWN])[0], _tags(row[_OWN + 1]))
    return Subscriber(*values)


@lru_cache(maxsize=500)
def _tags(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
