"""How a row of `subscribers` is read, and how many at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mailer.subscriber import COLUMNS, Subscriber

if TYPE_CHECKING:
    from collections.abc import Sequence

SUBSCRIBER = ", ".join(f"s.{name}" for name in ("id", *COLUMNS, "fields", "tags"))
"""The columns that `subscriber` reads, of `subscribers s`."""

PAGE = 2_000
"""Rows read at once. No cursor stays open between pages: it would keep this connection from writing
as soon as another process has written."""


def subscriber(row: Sequence[Any]) -> Subscriber:
    *own, fields, tags = row
    own.append(json.loads(fields) if fields != "{}" else {})
    own.append(tuple(json.loads(tags)) if tags != "[]" else ())
    return Subscriber(*own)
