"""How rows are read: subscribers, pages and times."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mailer.lists.subscriber import COLUMNS, Subscriber

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

SUBSCRIBER = ", ".join(f"s.{name}" for name in ("id", *COLUMNS, "fields", "tags"))
"""The columns that `subscriber` reads, of `subscribers s`."""

PAGE = 2_000
"""Rows read at once. No cursor stays open between pages: it would keep this connection from writing
as soon as another process has written."""


_OWN = 1 + len(COLUMNS)
_value = json.JSONDecoder().raw_decode
"""Two thirds of the time of `json.loads`, for text that was written here and begins with the value."""


def subscriber(row: Sequence[Any]) -> Subscriber:
    """Read a row that begins with the columns of `SUBSCRIBER`."""
    fields = row[_OWN]
    # most have none
    further = {} if fields == "{}" else _value(fields)[0]
    values = (*row[:_OWN], further, _tags(row[_OWN + 1]))
    return Subscriber(*values)


@lru_cache(maxsize=500)
def _tags(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def as_json(fields: Mapping[str, str]) -> str:
    """Further fields as they stand in the database."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def union_of_tags(tags: str, others: str) -> str:
    """SQL for the tags of two columns, each once, in their order."""
    return f"""(SELECT json_group_array(value) FROM (
        SELECT value FROM json_each({tags}) UNION SELECT value FROM json_each({others}) ORDER BY 1) u)"""


def iso(moment: datetime) -> str:
    """A time as it stands in the database: ISO 8601, to the second."""
    return moment.isoformat(timespec="seconds")


def unix(moment: datetime) -> int:
    """A time as deliveries are due: seconds since 1970."""
    return int(moment.timestamp())


def holder(worker: str) -> str:
    """The worker that holds a delivery; after it took it over, the one that had claimed it comes second."""
    return worker.partition(" ")[0]
