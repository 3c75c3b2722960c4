"""Importing into SQLite: read and merge beside the database, then change it in one transaction.

Temporary tables take the rows, so sends go on meanwhile and memory stays flat. They vanish with the
process: a crash leaves nothing. Only the transaction at the end takes the lock.

Rows are sorted by address before the database sees them. So each of its pages is read and written
once, however many people there are: in the order of a file, ten million would each write one.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import lru_cache
from itertools import islice
from json.encoder import encode_basestring as _quote
from typing import TYPE_CHECKING

from mailer.errors import StoreError
from mailer.lists.import_row import ImportTotals, StoredRow
from mailer.lists.subscriber import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlite_utils import Database

    from mailer.lists.import_row import ImportRow

ERASED = "hmac:"
"""Begins a suppression of an address that is kept as its keyed hash only."""

_CHUNK = 1_000
_CACHE_KIB = 16_384
"""For sorting, above all: with SQLite's 2 MB it goes over the rows more often."""


class Imports:
    """See `store.base.Store.import_rows`."""

    db: Database
    hashes: Callable[[str], list[str]]
    writing: Callable[[], AbstractContextManager[None]]

    def import_rows(
        self,
        list_name: str,
        rows: Iterable[ImportRow],
        *,
        source: str,
        now: datetime,
        dry_run: bool = False,
        on_stored: Callable[[StoredRow], None] | None = None,
    ) -> ImportTotals:
        given = {"list": list_name, "source": source, "at": now.isoformat(timespec="seconds")}
        try:
            for statement in _STAGING:
                self.db.execute(statement)
            fields = self._stage_rows(rows)
            known = self._mark_erased(frozenset())
            if dry_run:
                totals, last = self._totals(list_name)
            else:
                with self.writing():
                    self._mark_erased(known)
                    totals, last = self._totals(list_name)
                    self._apply(given, fields)
            if on_stored is not None:
                with closing(self.db.execute(_EACH, {"last": last})) as found:
                    for each in found:
                        on_stored(StoredRow(*each))
        except sqlite3.Error as err:
            raise StoreError(
                f"the rows cannot be kept: {err}",
                hint="Nothing was imported. Check that the disk and the temporary folder have room.",
            ) from err
        finally:
            self.db.execute("DROP TABLE IF EXISTS temp.arrived")
            self.db.execute("DROP TABLE IF EXISTS temp.staged")
        return totals

    def _stage_rows(self, rows: Iterable[ImportRow]) -> set[str]:
        """Take the rows into the temporary tables; returns the names of their further fields."""
        fields: set[str] = set()
        rows = iter(rows)
        self.db.execute("BEGIN")
        try:
            while chunk := list(islice(rows, _CHUNK)):
                fields.update(*(row.fields for row in chunk))
                self.db.conn.executemany(_ARRIVE, map(_arrived, chunk))
            for statement in (_SORT, "DROP TABLE temp.arrived", _MARK_MERGED, _EARLIEST):
                self.db.execute(statement)
            self.db.commit()
        except BaseException:
            self.db.rollback()
            raise
        return fields

    def _mark_erased(self, known: frozenset[str]) -> frozenset[str]:
        """Mark those whose erasure is not among the `known` ones; returns all that there are.

        Called once before the write lock is taken, as a hash takes 2 µs, and once with it.
        """
        found = self.db.execute("SELECT address FROM suppressions WHERE reason = 'erased'")
        erased = frozenset(address.removeprefix(ERASED) for (address,) in found.fetchall())
        new = erased - known
        if new:
            self.db.conn.create_function(
                "is_erased", 1, lambda email: not new.isdisjoint(self.hashes(email))
            )
            self.db.execute("UPDATE temp.staged SET erased = 1 WHERE is_erased(email)")
        return erased

    def _totals(self, list_name: str) -> tuple[ImportTotals, int]:
        """What the import does, and the highest id before it."""
        totals = self.db.execute(_TOTALS, {"list": list_name}).fetchone()
        return ImportTotals(*totals[:-1]), totals[-1]

    def _apply(self, given: dict[str, str], fields: set[str]) -> None:
        self.db.execute(_UPSERT, given)
        self.db.execute(_NEW_LIST, given)
        self.db.execute(_JOIN, given)
        names = ((name,) for name in fields)
        self.db.conn.executemany("INSERT OR IGNORE INTO field_names VALUES (?)", names)


def _arrived(row: ImportRow) -> tuple[object, ...]:
    return (
        *row[:-3],
        _object(row.fields) if row.fields else "{}",
        _array(row.tags) if row.tags else "[]",
        row.joined,
    )


def _object(fields: Mapping[str, str]) -> str:
    # A third of the time of json.dumps, which makes its encoder anew for each call.
    return "{" + ",".join([f"{_name(n)}:{_quote(value)}" for n, value in fields.items()]) + "}"


_name = lru_cache(maxsize=500)(_quote)
"""The names are the same in each row."""


@lru_cache(maxsize=500)
def _array(tags: tuple[str, ...]) -> str:
    return "[" + ",".join(map(_quote, tags)) + "]"


_NAMES = COLUMNS[1:]
_LISTED = ", ".join(_NAMES)

_VALUES = f"row, email, {_LISTED}, fields, tags, joined"

_STAGING = (
    f"PRAGMA main.cache_size = -{_CACHE_KIB}",
    f"PRAGMA temp.cache_size = -{_CACHE_KIB}",
    # some builds of SQLite overwrite what is dropped, which takes a second for a million rows
    "PRAGMA temp.secure_delete = OFF",
    f"CREATE TEMP TABLE arrived (id INTEGER PRIMARY KEY, {_VALUES})",
    f"""CREATE TEMP TABLE staged (id INTEGER, {_VALUES}, merged_into INTEGER,
        erased INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (email, id)) WITHOUT ROWID""",
)

_ARRIVE = f"""
INSERT INTO temp.arrived ({_VALUES}) VALUES (?, ?, {", ".join("?" for _ in _NAMES)}, ?, ?, ?)"""

_SORT = f"""
INSERT INTO temp.staged (id, {_VALUES}) SELECT id, {_VALUES} FROM temp.arrived ORDER BY email, id"""

_MARK_MERGED = """
UPDATE temp.staged SET merged_into = same.first
FROM (SELECT email, min(id) AS first FROM temp.staged GROUP BY email HAVING count(*) > 1) AS same
WHERE staged.email = same.email AND staged.id > same.first"""

# Of several dates, the earliest is since when somebody is a member.
_EARLIEST = """
UPDATE temp.staged SET joined = min(coalesce(nullif(staged.joined, ''), same.joined), same.joined)
FROM (SELECT email, min(joined) AS joined FROM temp.staged
    WHERE merged_into IS NOT NULL AND joined <> '' GROUP BY email) AS same
WHERE staged.email = same.email AND staged.merged_into IS NULL"""

# In the order of `Imported`, then the highest id.
_TOTALS = """
SELECT count(*) FILTER (WHERE NOT erased AND s.id IS NULL),
    count(*) FILTER (WHERE NOT erased AND s.id IS NOT NULL),
    (SELECT count(*) FROM temp.staged) - count(*),
    count(*) FILTER (WHERE erased),
    count(*) FILTER (WHERE NOT erased AND m.status IS NULL),
    count(*) FILTER (WHERE m.status = 'unsubscribed'),
    count(*) FILTER (WHERE x.reason IS NOT NULL),
    (SELECT coalesce(max(id), 0) FROM subscribers)
FROM temp.staged
LEFT JOIN subscribers s ON s.email = staged.email
LEFT JOIN memberships m ON m.subscriber_id = s.id
    AND m.list_id = (SELECT id FROM lists WHERE name = :list)
LEFT JOIN suppressions x ON x.address = staged.email
WHERE merged_into IS NULL"""

# Rows of the same address merge here, in their order: later values that are not blank win, fields
# and tags are united.
_UPSERT = f"""
INSERT INTO subscribers AS s (email, {_LISTED}, fields, tags, created, consent_source)
SELECT email, {_LISTED}, fields, tags, :at, :source FROM temp.staged WHERE NOT erased ORDER BY email, id
ON CONFLICT (email) DO UPDATE SET
    {", ".join(f"{name} = coalesce(nullif(excluded.{name}, ''), s.{name})" for name in _NAMES)},
    fields = CASE WHEN excluded.fields IN ('{{}}', s.fields) THEN s.fields
        ELSE json_patch(s.fields, excluded.fields) END,
    tags = CASE WHEN excluded.tags IN ('[]', s.tags) THEN s.tags
        ELSE (SELECT json_group_array(value) FROM (
            SELECT value FROM json_each(s.tags) UNION SELECT value FROM json_each(excluded.tags)
        )) END
WHERE {" OR ".join(f"excluded.{name} NOT IN ('', s.{name})" for name in _NAMES)}
    OR excluded.fields NOT IN ('{{}}', s.fields) OR excluded.tags NOT IN ('[]', s.tags)"""

_NEW_LIST = """
INSERT OR IGNORE INTO lists (name)
SELECT :list WHERE EXISTS (SELECT 1 FROM temp.staged WHERE NOT erased)"""

# Whoever has a membership keeps it as it is, unsubscribed too. CROSS JOIN keeps this order of the
# tables: the other way round, a short file would go through everybody there is.
_JOIN = """
INSERT OR IGNORE INTO memberships (list_id, subscriber_id, status, since, how)
SELECT lists.id, s.id, 'subscribed', coalesce(nullif(staged.joined, ''), :at), 'import'
FROM lists CROSS JOIN temp.staged CROSS JOIN subscribers s ON s.email = staged.email
WHERE lists.name = :list AND merged_into IS NULL AND NOT erased"""

_EACH = """
SELECT staged.row, staged.email,
    CASE WHEN merged_into IS NOT NULL THEN 'merged' WHEN erased THEN 'erased'
        WHEN s.id IS NULL OR s.id > :last THEN 'new' ELSE 'updated' END,
    (SELECT first.row FROM temp.staged first
        WHERE first.email = staged.email AND first.id = staged.merged_into)
FROM temp.staged LEFT JOIN subscribers s ON s.email = staged.email
ORDER BY staged.id"""
