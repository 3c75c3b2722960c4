"""Importing: read and merge beside the database, then change it in one transaction.

Temporary tables take the rows, so sends go on meanwhile and memory stays flat. They vanish with the
process: a crash leaves nothing. Only the transaction at the end takes the lock.

Rows are sorted by address before the database sees them. So each of its pages is read and written
once, however many people there are: in the order of a file, ten million would each write one.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from json.encoder import encode_basestring as _quote
from typing import TYPE_CHECKING

from mailer.errors import StoreError
from mailer.lists.import_row import ImportTotals, StoredRow
from mailer.lists.subscriber import COLUMNS
from mailer.store.sql import import_standings
from mailer.store.sql.import_log import DETAILS
from mailer.store.sql.rows import iso
from mailer.store.sql.suppressions import ERASED, strength

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from mailer.lists.import_row import ImportRow
    from mailer.store.sql.import_log import SqlImportLog
    from mailer.store.sqlite.database import Parameters, SqliteDatabase

_CHUNK = 1_000
_CACHE_KIB = 16_384
"""For sorting, above all: with SQLite's 2 MB it goes over the rows more often."""


class SqlImports:
    def __init__(
        self,
        database: SqliteDatabase,
        address_hashes: Callable[[str], list[str]],
        log: SqlImportLog,
    ) -> None:
        self._db = database
        self._hashes = address_hashes
        self._log = log

    def import_rows(
        self,
        list_name: str,
        rows: Iterable[ImportRow],
        *,
        source: str,
        file: str = "",
        now: datetime,
        dry_run: bool = False,
        on_stored: Callable[[StoredRow], None] | None = None,
    ) -> ImportTotals:
        origin = {"list": list_name, "source": source, "file": file, "at": iso(now)}
        try:
            for statement in _STAGING:
                self._db.execute(statement)
            fields = self._stage_rows(rows)
            erased = self._mark_erased(frozenset())
            if dry_run:
                totals, last = self._totals(list_name)
            else:
                with self._db.writing():
                    self._mark_erased(erased)
                    totals, last = self._totals(list_name)
                    number = self._log.begin(origin, totals, last)
                    self._apply({**origin, "import": number}, totals, number)
                    self._log.add_fields(number, fields)
                    totals = replace(totals, number=number)
            if on_stored is not None:
                with closing(self._db.stream(_STORED_ROWS, {"last": last})) as stored_rows:
                    for row in stored_rows:
                        on_stored(StoredRow(*row))
        except StoreError as err:
            raise StoreError(
                f"the rows cannot be kept: {err.__cause__}",
                hint="Nothing was imported. Check that the disk and the temporary folder have room.",
            ) from err
        finally:
            for statement in _DROP:
                self._db.execute(statement)
        return totals

    def _stage_rows(self, rows: Iterable[ImportRow]) -> set[str]:
        """Take the rows into the temporary tables; return the names of their further fields."""
        fields: set[str] = set()
        rows = iter(rows)
        with self._db.reading():
            while chunk := list(islice(rows, _CHUNK)):
                fields.update(*(row.fields for row in chunk))
                self._db.load("temp.arrived", _VALUES, map(_arrived, chunk))
                import_standings.stage(self._db, chunk)
            import_standings.fold(self._db)
            for statement in (_SORT, "DROP TABLE temp.arrived", _MARK_MERGED, _EARLIEST):
                self._db.execute(statement)
        return fields

    def _mark_erased(self, already_marked: frozenset[str]) -> frozenset[str]:
        """Mark those whose erasure is not among the `known` ones; return all that there are.

        Called once before the write lock is taken, as a hash takes 2 µs, and once with it.
        """
        rows = self._db.rows("SELECT address FROM suppressions WHERE reason = 'erased'")
        erased = frozenset(address.removeprefix(ERASED) for (address,) in rows)
        new = erased - already_marked
        if new:
            self._db.create_function(
                "is_erased", lambda email: not new.isdisjoint(self._hashes(email))
            )
            self._db.execute("UPDATE temp.staged SET erased = 1 WHERE is_erased(email)")
        return erased

    def _totals(self, list_name: str) -> tuple[ImportTotals, int]:
        """The parameters of the import, and the highest id before it."""
        *totals, last = self._db.row(_TOTALS, {"list": list_name}) or ()
        return ImportTotals(*totals), last

    def _apply(self, origin: Parameters, totals: ImportTotals, number: int) -> None:
        if totals.updated:
            self._db.execute(_KEEP_BEFORE, origin)
        self._db.execute(_UPSERT, origin)
        self._log.people_added(number)
        if totals.updated:
            self._db.execute(_KEEP_AFTER, origin)
        self._db.execute(_NEW_LIST, origin)
        self._db.execute(_JOIN, origin)
        import_standings.apply(self._db, origin)


def _arrived(row: ImportRow) -> tuple[object, ...]:
    return (
        *row[:-4],
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

_VALUES = ("row", "email", *_NAMES, "fields", "tags", "joined")
_VALUE_LIST = ", ".join(_VALUES)

_STAGING = (
    f"PRAGMA main.cache_size = -{_CACHE_KIB}",
    f"PRAGMA temp.cache_size = -{_CACHE_KIB}",
    # some builds of SQLite overwrite what is dropped, which takes a second for a million rows
    "PRAGMA temp.secure_delete = OFF",
    f"CREATE TEMP TABLE arrived (id INTEGER PRIMARY KEY, {_VALUE_LIST})",
    f"""CREATE TEMP TABLE staged (id INTEGER, {_VALUE_LIST}, merged_into INTEGER,
        erased INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (email, id)) WITHOUT ROWID""",
    *import_standings.TABLES,
)

_DROP = (
    "DROP TABLE IF EXISTS temp.arrived",
    "DROP TABLE IF EXISTS temp.staged",
    *import_standings.DROP,
)

_SORT = f"""
INSERT INTO temp.staged (id, {_VALUE_LIST}) SELECT id, {_VALUE_LIST} FROM temp.arrived ORDER BY email, id"""

_MARK_MERGED = """
UPDATE temp.staged SET merged_into = same.first
FROM (SELECT email, min(id) AS first FROM temp.staged GROUP BY email HAVING count(*) > 1) AS same
WHERE staged.email = same.email AND staged.id > same.first"""

# Of several dates, the earliest is the one that a member joined on.
_EARLIEST = """
UPDATE temp.staged SET joined = min(coalesce(nullif(staged.joined, ''), same.joined), same.joined)
FROM (SELECT email, min(joined) AS joined FROM temp.staged
    WHERE merged_into IS NOT NULL AND joined <> '' GROUP BY email) AS same
WHERE staged.email = same.email AND staged.merged_into IS NULL"""

# In the order of `ImportTotals`, then the highest id.
_TOTALS = f"""
SELECT count(*) FILTER (WHERE id IS NULL AND erased = 0),
    count(*) FILTER (WHERE id IS NOT NULL AND erased = 0),
    (SELECT count(*) FROM temp.staged) - count(*),
    count(*) FILTER (WHERE erased = 1),
    count(*) FILTER (WHERE erased = 0 AND before IS NULL AND joins = 'subscribed'),
    count(*) FILTER (WHERE before = 'unsubscribed'),
    count(*) FILTER (WHERE suppressed <> ''),
    count(*) FILTER (WHERE before = 'subscribed' AND suppressed = '' AND after <> 'mailable'),
    {
    ", ".join(
        f"count(*) FILTER (WHERE erased = 0 AND after = '{after}')"
        for after in ("mailable", "off the list", "unsubscribed", "bounced", "manual", "complained")
    )
},
    (SELECT coalesce(max(id), 0) FROM subscribers)
FROM (
    SELECT s.id, erased, m.status AS before, coalesce(x.reason, '') AS suppressed,
        coalesce(said.status, 'subscribed') AS joins,
        CASE WHEN {strength("x.reason")} >= {strength("said.reason")} AND x.reason IS NOT NULL
            THEN x.reason
            WHEN said.reason <> '' THEN said.reason
            WHEN m.status = 'unsubscribed' OR said.status = 'unsubscribed' THEN 'off the list'
            ELSE 'mailable' END AS after
    FROM temp.staged
    LEFT JOIN subscribers s ON s.email = staged.email
    LEFT JOIN memberships m ON m.subscriber_id = s.id
        AND m.list_id = (SELECT id FROM lists WHERE name = :list)
    LEFT JOIN suppressions x ON x.address = staged.email
    LEFT JOIN temp.standings said ON said.email = staged.email
    WHERE merged_into IS NULL
) AS people"""


def _differs(row: str) -> str:
    """SQL for whether a row brings a person anything new."""
    names = " OR ".join(f"{row}.{name} NOT IN ('', s.{name})" for name in _NAMES)
    return f"""{names}
    OR {row}.fields NOT IN ('{{}}', s.fields) OR {row}.tags NOT IN ('[]', s.tags)"""


# Rows of the same address merge here, in their order: later values that are not blank win, fields
# and tags are united.
_UPSERT = f"""
INSERT INTO subscribers AS s (email, {_LISTED}, fields, tags, created, consent_source)
SELECT staged.email, {_LISTED}, fields, tags,
    coalesce(nullif(said.created, ''), :at), coalesce(nullif(said.consent, ''), :source)
FROM temp.staged LEFT JOIN temp.standings said ON said.email = staged.email
WHERE erased = 0 ORDER BY staged.email, staged.id
ON CONFLICT (email) DO UPDATE SET
    {", ".join(f"{name} = coalesce(nullif(excluded.{name}, ''), s.{name})" for name in _NAMES)},
    fields = CASE WHEN excluded.fields IN ('{{}}', s.fields) THEN s.fields
        ELSE json_patch(s.fields, excluded.fields) END,
    tags = CASE WHEN excluded.tags IN ('[]', s.tags) THEN s.tags
        ELSE (SELECT json_group_array(value) FROM (
            SELECT value FROM json_each(s.tags) UNION SELECT value FROM json_each(excluded.tags)
        )) END
WHERE {_differs("excluded")}"""

_KEEP_BEFORE = f"""
INSERT INTO import_people (import_id, subscriber_id, moment, {", ".join(DETAILS)})
SELECT DISTINCT :import, s.id, 'before', {", ".join(f"s.{name}" for name in DETAILS)}
FROM temp.staged JOIN subscribers s ON s.email = staged.email
WHERE erased = 0 AND ({_differs("staged")})"""

_KEEP_AFTER = f"""
INSERT INTO import_people (import_id, subscriber_id, moment, {", ".join(DETAILS)})
SELECT b.import_id, s.id, 'after', {", ".join(f"s.{name}" for name in DETAILS)}
FROM import_people b JOIN subscribers s ON s.id = b.subscriber_id
WHERE b.import_id = :import AND b.moment = 'before'"""

_NEW_LIST = """
INSERT INTO lists (name)
SELECT :list WHERE EXISTS (SELECT 1 FROM temp.staged WHERE erased = 0)
ON CONFLICT (name) DO NOTHING"""

# An existing membership stays as it is, also an unsubscribed one. CROSS JOIN keeps this order of the
# tables: the other way round, a short file would scan all subscribers.
_JOIN = """
INSERT INTO memberships (list_id, subscriber_id, status, since, how, note, import_id)
SELECT lists.id, s.id, coalesce(said.status, 'subscribed'),
    coalesce(nullif(said.since, ''), nullif(CASE WHEN said.status = 'unsubscribed' THEN ''
        ELSE staged.joined END, ''), :at),
    coalesce(said.how, 'import'), coalesce(said.note, ''), :import
FROM lists CROSS JOIN temp.staged CROSS JOIN subscribers s ON s.email = staged.email
LEFT JOIN temp.standings said ON said.email = staged.email
WHERE lists.name = :list AND merged_into IS NULL AND erased = 0
ON CONFLICT (list_id, subscriber_id) DO NOTHING"""

_STORED_ROWS = """
SELECT staged.row, staged.email,
    CASE WHEN merged_into IS NOT NULL THEN 'merged' WHEN erased = 1 THEN 'erased'
        WHEN s.id IS NULL OR s.id > :last THEN 'new' ELSE 'updated' END,
    (SELECT first.row FROM temp.staged first
        WHERE first.email = staged.email AND first.id = staged.merged_into)
FROM temp.staged LEFT JOIN subscribers s ON s.email = staged.email
ORDER BY staged.id"""
