"""Importing: read and merge beside the database, then change it in one transaction.

Temporary tables take the rows, so sends go on during an import and memory stays flat. They vanish with the
process: a crash leaves nothing. Only the transaction at the end takes the lock.

Rows are sorted by address before the database sees them. So each of its pages is read and written
once, however many people there are: in the order of a file, ten million would each write one.
"""

from __future__ import annotations

import json
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
from mailer.store.sql.ids import next_id
from mailer.store.sql.import_log import DETAILS
from mailer.store.sql.rows import iso, union_of_tags
from mailer.store.sql.suppressions import ERASED, strength

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from mailer.lists.import_row import ImportRow
    from mailer.store.sql.database import Parameters, SqlDatabase
    from mailer.store.sql.import_log import SqlImportLog

_CHUNK = 1_000


class SqlImports:
    def __init__(
        self,
        database: SqlDatabase,
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
            self._db.begin_import()
            for statement in _STAGING:
                self._db.execute(statement)
            fields, has_standings = self._stage_rows(rows)
            erased = self._mark_erased(frozenset())
            if dry_run:
                totals, last = self._totals(list_name)
            else:
                with self._db.writing():
                    self._mark_erased(erased)
                    totals, last = self._totals(list_name)
                    number = self._log.begin(origin, totals, last)
                    self._db.number_from("subscribers", next_id(self._db, "subscribers"))
                    import_ = {**origin, "import": number}
                    self._apply(import_, totals, number)
                    if has_standings:
                        import_standings.apply(self._db, import_)
                    self._log.add_fields(number, fields)
                    totals = replace(totals, number=number)
            if on_stored is not None:
                with closing(self._db.stream(_STORED_ROWS, {"last": last})) as stored_rows:
                    for row in stored_rows:
                        on_stored(StoredRow(*row))
        except StoreError as err:
            if err.__cause__ is None:  # no failure but a refusal, such as of a store that was moved
                raise
            # PostgreSQL's further lines quote the row
            reason = str(err.__cause__).partition("\n")[0]
            raise StoreError(
                f"the rows cannot be kept: {reason}",
                hint="Nothing was imported. Check that the disk and the temporary folder have room.",
            ) from err
        finally:
            for statement in _DROP:
                self._db.execute(statement)
        return totals

    def _stage_rows(self, rows: Iterable[ImportRow]) -> tuple[set[str], bool]:
        """Take the rows into the temporary tables.

        Returns:
            The names of their further fields, and whether any row says more than that somebody joins.
        """
        fields: set[str] = set()
        rows = iter(rows)
        with self._db.reading():
            while chunk := list(islice(rows, _CHUNK)):
                fields.update(*(row.fields for row in chunk))
                self._db.load("arrived", _VALUES, map(_arrived, chunk))
                import_standings.stage(self._db, chunk)
            has_standings = import_standings.fold(self._db)
            for statement in (_SORT, "DROP TABLE arrived", _MARK_MERGED, _EARLIEST):
                self._db.execute(statement)
            self._fold()
            self._db.loaded("staged", "standings")
        return fields, has_standings

    def _fold(self) -> None:
        """Merge rows of one address into its first, in their order: no statement changes a row twice."""
        place: dict[str, object] = {"email": "", "id": 0, "page": _CHUNK}
        while rows := self._db.rows(_LATER, place):
            merged = [dict(zip(_FOLDED, row, strict=True)) for row in rows]
            self._db.execute_many(_FOLD, merged)
            place |= {name: merged[-1][name] for name in ("email", "id")}

    def _mark_erased(self, already_marked: frozenset[str]) -> frozenset[str]:
        """Mark those whose erasure is not among the `known` ones; return all that there are.

        Called once before the write lock is taken, as a hash takes 2 µs, and once with it.
        """
        rows = self._db.rows("SELECT address FROM suppressions WHERE reason = 'erased'")
        erased = frozenset(address.removeprefix(ERASED) for (address,) in rows)
        new = erased - already_marked
        if new:
            last = {"last": "", "page": _CHUNK}
            while emails := [email for (email,) in self._db.rows(_EMAILS, last)]:
                marked = [email for email in emails if not new.isdisjoint(self._hashes(email))]
                if marked:
                    self._db.execute(_MARK_ERASED, {"emails": json.dumps(marked)})
                last["last"] = emails[-1]
        return erased

    def _totals(self, list_name: str) -> tuple[ImportTotals, int]:
        """The parameters of the import, and the highest id before it."""
        *totals, last = self._db.row(_TOTALS, {"list": list_name}) or ()
        return ImportTotals(*totals), last

    def _apply(self, origin: Parameters, totals: ImportTotals, number: int) -> None:
        if totals.updated:
            self._db.execute(_KEEP_BEFORE, origin)
        self._db.execute(_UPSERT, origin)
        self._db.loaded("subscribers")
        self._log.people_added(number)
        if totals.updated:
            self._db.execute(_KEEP_AFTER, origin)
        self._db.execute(_NEW_LIST, origin)
        self._db.execute(_JOIN, origin)
        self._db.loaded("memberships")


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

_TEXTS = ("email", *_NAMES, "fields", "tags", "joined")
_VALUES = ("line", *_TEXTS)
_TYPED = ", ".join(["line INTEGER", *(f"{name} TEXT" for name in _TEXTS)])
_VALUE_LIST = ", ".join(_VALUES)

_STAGING = (
    f"CREATE TEMP TABLE arrived (id INTEGER PRIMARY KEY, {_TYPED})",
    f"""CREATE TEMP TABLE staged (id INTEGER NOT NULL, {_TYPED}, merged_into INTEGER,
        erased INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (email, id)) WITHOUT ROWID""",
    *import_standings.TABLES,
)

_DROP = (
    "DROP TABLE IF EXISTS arrived",
    "DROP TABLE IF EXISTS staged",
    *import_standings.DROP,
)

_SORT = f"""
INSERT INTO staged (id, {_VALUE_LIST}) SELECT id, {_VALUE_LIST} FROM arrived ORDER BY email, id"""

_MARK_MERGED = """
UPDATE staged SET merged_into = same.first
FROM (SELECT email, min(id) AS first FROM staged GROUP BY email HAVING count(*) > 1) AS same
WHERE staged.email = same.email AND staged.id > same.first"""

_EMAILS = """
SELECT DISTINCT email FROM staged WHERE email > :last ORDER BY email LIMIT :page"""

_MARK_ERASED = """
UPDATE staged SET erased = 1 WHERE email IN (SELECT value FROM json_each(:emails))"""

# Of several dates, the earliest is the one that a member joined on.
_EARLIEST = """
UPDATE staged SET joined = CASE WHEN staged.joined <> '' AND staged.joined < same.joined
    THEN staged.joined ELSE same.joined END
FROM (SELECT email, min(joined) AS joined FROM staged
    WHERE merged_into IS NOT NULL AND joined <> '' GROUP BY email) AS same
WHERE staged.email = same.email AND staged.merged_into IS NULL"""

# In the order of `ImportTotals`, then the highest id.
_TOTALS = f"""
SELECT count(*) FILTER (WHERE id IS NULL AND erased = 0),
    count(*) FILTER (WHERE id IS NOT NULL AND erased = 0),
    (SELECT count(*) FROM staged) - count(*),
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
    FROM staged
    LEFT JOIN subscribers s ON s.email = staged.email
    LEFT JOIN memberships m ON m.subscriber_id = s.id
        AND m.list_id = (SELECT id FROM lists WHERE name = :list)
    LEFT JOIN suppressions x ON x.address = staged.email
    LEFT JOIN standings said ON said.email = staged.email
    WHERE merged_into IS NULL
) AS people"""


def _differs(row: str) -> str:
    """SQL for whether a row brings a person anything new."""
    names = " OR ".join(f"{row}.{name} NOT IN ('', s.{name})" for name in _NAMES)
    return f"""{names}
    OR {row}.fields NOT IN ('{{}}', s.fields) OR {row}.tags NOT IN ('[]', s.tags)"""


def _merged(old: str, values: Callable[[str], str]) -> str:
    """SQL that brings a person anything new: values that are not blank win, fields and tags are united."""
    fields, tags = values("fields"), values("tags")
    columns = [f"{name} = coalesce(nullif({values(name)}, ''), {old}.{name})" for name in _NAMES]
    return f"""{", ".join(columns)},
    fields = CASE WHEN {fields} IN ('{{}}', {old}.fields) THEN {old}.fields
        ELSE json_patch({old}.fields, {fields}) END,
    tags = CASE WHEN {tags} IN ('[]', {old}.tags) THEN {old}.tags
        ELSE {union_of_tags(f"{old}.tags", tags)} END"""


_FOLDED = ("first", "id", *_TEXTS)

_LATER = f"""
SELECT merged_into, id, {", ".join(_TEXTS)} FROM staged
WHERE merged_into IS NOT NULL AND (email, id) > (:email, :id) ORDER BY email, id LIMIT :page"""

_FOLD = f"""
UPDATE staged SET {_merged("staged", ":{}".format)} WHERE email = :email AND id = :first"""

_UPSERT = f"""
INSERT INTO subscribers AS s (email, {_LISTED}, fields, tags, created, consent_source)
SELECT staged.email, {_LISTED}, fields, tags,
    coalesce(nullif(said.created, ''), :at), coalesce(nullif(said.consent, ''), :source)
FROM staged LEFT JOIN standings said ON said.email = staged.email
WHERE erased = 0 AND merged_into IS NULL ORDER BY staged.email
ON CONFLICT (email) DO UPDATE SET {_merged("s", "excluded.{}".format)}
WHERE {_differs("excluded")}"""

_KEEP_BEFORE = f"""
INSERT INTO import_people (import_id, subscriber_id, moment, {", ".join(DETAILS)})
SELECT :import, s.id, 'before', {", ".join(f"s.{name}" for name in DETAILS)}
FROM staged JOIN subscribers s ON s.email = staged.email
WHERE erased = 0 AND merged_into IS NULL AND ({_differs("staged")})"""

_KEEP_AFTER = f"""
INSERT INTO import_people (import_id, subscriber_id, moment, {", ".join(DETAILS)})
SELECT b.import_id, s.id, 'after', {", ".join(f"s.{name}" for name in DETAILS)}
FROM import_people b JOIN subscribers s ON s.id = b.subscriber_id
WHERE b.import_id = :import AND b.moment = 'before'"""

_NEW_LIST = """
INSERT INTO lists (name)
SELECT :list WHERE EXISTS (SELECT 1 FROM staged WHERE erased = 0)
ON CONFLICT (name) DO NOTHING"""

# An existing membership stays as it is, also an unsubscribed one. CROSS JOIN keeps this order of the
# tables: the other way round, a short file would scan all subscribers.
_JOIN = """
INSERT INTO memberships (list_id, subscriber_id, status, since, how, note, import_id)
SELECT lists.id, s.id, coalesce(said.status, 'subscribed'),
    coalesce(nullif(said.since, ''), nullif(CASE WHEN said.status = 'unsubscribed' THEN ''
        ELSE staged.joined END, ''), :at),
    coalesce(said.how, 'import'), coalesce(said.note, ''), :import
FROM lists CROSS JOIN staged CROSS JOIN subscribers s
LEFT JOIN standings said ON said.email = staged.email
WHERE lists.name = :list AND s.email = staged.email AND merged_into IS NULL AND erased = 0
ON CONFLICT (list_id, subscriber_id) DO NOTHING"""

_STORED_ROWS = """
SELECT staged.line, staged.email,
    CASE WHEN merged_into IS NOT NULL THEN 'merged' WHEN erased = 1 THEN 'erased'
        WHEN s.id IS NULL OR s.id > :last THEN 'new' ELSE 'updated' END,
    (SELECT first.line FROM staged first
        WHERE first.email = staged.email AND first.id = staged.merged_into)
FROM staged LEFT JOIN subscribers s ON s.email = staged.email
ORDER BY staged.id"""
