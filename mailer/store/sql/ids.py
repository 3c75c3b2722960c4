"""Ids that mail and events carry: never given out twice, by no copy of the database.

A counter would begin again in a restored backup or in a copy, and a link in mail sent since would open
the page of another person. So ids are made of the time and of random bits, and grow.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mailer.store.sql.database import SqlDatabase

_RANDOM_BITS = 12
_EPOCH = 1_577_836_800
"""2020-01-01, in seconds since 1970: an id has 52 bits until 2054, and is exact in JSON (RFC 8259, 6)."""

_Table = Literal["subscribers", "sends", "deliveries", "departures", "requests", "links"]


def next_id(database: SqlDatabase, table: _Table) -> int:
    """The first id for new rows of a table; valid in the transaction in which it is asked for."""
    highest = int(database.value(f"SELECT coalesce(max(id), 0) FROM {table}"))
    milliseconds = max(int((time.time() - _EPOCH) * 1000), 0)
    # random also above the highest one: two copies may be equally far ahead of the time
    return max(highest, milliseconds << _RANDOM_BITS) + secrets.randbits(_RANDOM_BITS) + 1
