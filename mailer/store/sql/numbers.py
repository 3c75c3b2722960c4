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

    from mailer.store.sql.database import SqlDatabase

_RANDOM_BITS = 22
_EPOCH = 1_577_836_800
"""2020-01-01, in seconds since 1970: a number has 52 bits until 2054, and is exact in JSON (RFC 8259, 6)."""


def skip(database: SqlDatabase, now: datetime) -> None:
    """Begin all ids above those that any other copy may have given out until now."""
    moment = max(int(now.timestamp()) - _EPOCH, 0)
    spent = (moment << _RANDOM_BITS) + secrets.randbits(_RANDOM_BITS)
    spent = max(spent, *(database.value(_HIGHEST.format(table=table)) for table in _TABLES))
    database.execute("UPDATE numbers SET spent = :spent", {"spent": spent})
    for table in ("subscribers", "requests", "links"):
        database.number_from(table, spent)
    # Staff type these: they stay short.
    database.number_from("imports", database.value(_HIGHEST.format(table="imports")) + 1_000_000)


def spent_number(database: SqlDatabase, table: Literal["sends", "deliveries", "departures"]) -> int:
    """The number above which the table's next id has to be."""
    return int(database.value(_SPENT.format(table=table)))


_TABLES = ("subscribers", "requests", "links", "sends", "deliveries", "departures")

_HIGHEST = "SELECT coalesce(max(id), 0) FROM {table}"

_SPENT = """
SELECT CASE WHEN spent > highest THEN spent ELSE highest END
FROM numbers CROSS JOIN (SELECT coalesce(max(id), 0) AS highest FROM {table}) used"""
