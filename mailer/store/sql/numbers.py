"""Ids that stand in mail and in events, and are not given out again by another copy of the database.

A restored backup would number people, sends and deliveries from where it stood, and a link in mail sent
since would open the page of somebody else. So each copy begins above a number of its own, made of the
time and of random bits.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.store.sqlite.database import SqliteDatabase

_RANDOM_BITS = 22
_EPOCH = 1_577_836_800
"""2020-01-01, in seconds since 1970: a number has 52 bits until 2054, and is exact in JSON (RFC 8259, 6)."""


def skip(database: SqliteDatabase, now: datetime) -> None:
    """Begin all ids above those that any other copy may have given out until now."""
    moment = max(int(now.timestamp()) - _EPOCH, 0)
    spent = (moment << _RANDOM_BITS) + secrets.randbits(_RANDOM_BITS)
    spent = max(spent, *(database.value(_HIGHEST.format(table=table)) for table in _TABLES))
    database.execute("UPDATE numbers SET spent = :spent", {"spent": spent})
    database.execute(_FORGET_SEQUENCES)
    for table in ("subscribers", "requests", "links"):
        database.execute(_SEQUENCE, {"table": table, "spent": spent})
    database.execute(_SKIP_IMPORTS)


def spent_number(
    database: SqliteDatabase, table: Literal["sends", "deliveries", "departures"]
) -> int | None:
    """The number above which the table's next id has to be; None where it is above it by itself."""
    row = database.row(_SPENT.format(table=table))
    return row[0] if row else None


_TABLES = ("subscribers", "requests", "links", "sends", "deliveries", "departures")

_HIGHEST = "SELECT coalesce(max(id), 0) FROM {table}"

_SPENT = "SELECT spent FROM numbers WHERE spent > (SELECT coalesce(max(id), 0) FROM {table})"

_FORGET_SEQUENCES = "DELETE FROM sqlite_sequence WHERE name IN ('subscribers', 'requests', 'links')"

_SEQUENCE = "INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :spent)"

# Staff type these: they stay short.
_SKIP_IMPORTS = "UPDATE sqlite_sequence SET seq = seq + 1000000 WHERE name = 'imports'"
