"""Memberships and suppressions from imported rows, beyond joining a list.

Beside the rows themselves, since most rows say nothing: they are neither longer nor slower for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.store.sql.rows import PAGE
from mailer.store.sql.suppressions import strength

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailer.lists.import_row import ImportRow
    from mailer.store.sql.database import Parameters, SqlDatabase

_COLUMNS = (
    *("status", "since", "how", "note"),
    *("reason", "suppressed", "suppression_note", "consent", "created"),
)
"""In the order of `ImportedStanding`."""

_TYPED = ", ".join(f"{name} TEXT" for name in _COLUMNS)

TABLES = (
    f"CREATE TEMP TABLE file_standings (id INTEGER PRIMARY KEY, email TEXT, {_TYPED})",
    f"CREATE TEMP TABLE standings (email TEXT PRIMARY KEY, {_TYPED}, first INTEGER) WITHOUT ROWID",
)
DROP = ("DROP TABLE IF EXISTS file_standings", "DROP TABLE IF EXISTS standings")


def stage(database: SqlDatabase, rows: Iterable[ImportRow]) -> None:
    """Load the standings of rows into a temporary table."""
    standings = [(row.email, *row.standing) for row in rows if row.standing is not None]
    if standings:
        database.load("file_standings", ("email", *_COLUMNS), standings)


def fold(database: SqlDatabase) -> bool:
    """Make one standing of the several of an address, the strongest; return whether there is any."""
    database.execute(_FIRSTS)
    place: dict[str, object] = {"last": 0, "page": PAGE}
    # one at a time, in their order: no statement changes a row twice
    while rows := database.rows(_LATER, place):
        later = [dict(zip(("id", "email", *_COLUMNS), row, strict=True)) for row in rows]
        database.execute_many(_FOLD, later)
        place["last"] = later[-1]["id"]
    return database.row("SELECT 1 FROM standings LIMIT 1") is not None


def apply(database: SqlDatabase, origin: Parameters) -> None:
    """Take people off the list and suppress addresses, in the import's transaction.

    Args:
        database: with the import's temporary tables.
        origin: `list`, `at` and `import` of the import.
    """
    for statement in (_KEEP_MEMBERSHIPS, _LEAVE, _KEEP_SUPPRESSIONS, _SUPPRESS, _KEEP_REASONS):
        database.execute(statement, origin)


def _where_stronger(new: str, old: str) -> str:
    return f"{strength(new)} > {strength(old)}"


_LIST = ", ".join(_COLUMNS)
_FOLDED_MEMBERSHIP = ", ".join(
    f"""{name} = CASE WHEN excluded.status = 'unsubscribed' AND standings.status <> 'unsubscribed'
        THEN excluded.{name} ELSE standings.{name} END"""
    for name in ("since", "how", "note", "status")
)
_FOLDED_SUPPRESSION = ", ".join(
    f"""{name} = CASE WHEN {_where_stronger("excluded.reason", "standings.reason")}
        THEN excluded.{name} ELSE standings.{name} END"""
    for name in ("suppressed", "suppression_note", "reason")
)

_FIRSTS = f"""
INSERT INTO standings (email, {_LIST}, first)
SELECT s.email, {", ".join(f"s.{name}" for name in _COLUMNS)}, s.id
FROM (SELECT min(id) AS id FROM file_standings GROUP BY email) firsts
JOIN file_standings s ON s.id = firsts.id ORDER BY s.email"""

_LATER = f"""
SELECT later.id, later.email, {", ".join(f"later.{name}" for name in _COLUMNS)}
FROM file_standings later JOIN standings s ON s.email = later.email
WHERE later.id > s.first AND later.id > :last ORDER BY later.id LIMIT :page"""

_FOLD = f"""
INSERT INTO standings (email, {_LIST})
VALUES (:email, {", ".join(f":{name}" for name in _COLUMNS)})
ON CONFLICT (email) DO UPDATE SET {_FOLDED_MEMBERSHIP}, {_FOLDED_SUPPRESSION}"""

_OF_THE_IMPORT = """standings imported
JOIN staged ON staged.email = imported.email AND merged_into IS NULL AND erased = 0"""

_LEAVING = f"""
FROM {_OF_THE_IMPORT} JOIN subscribers s ON s.email = imported.email
JOIN memberships m ON m.subscriber_id = s.id AND m.status = 'subscribed'
    AND m.list_id = (SELECT id FROM lists WHERE name = :list)
WHERE imported.status = 'unsubscribed'"""

_SINCE = "coalesce(nullif(imported.since, ''), :at)"

_KEEP_MEMBERSHIPS = f"""
INSERT INTO import_memberships
    (import_id, list_id, subscriber_id, since, how, note, new_since)
SELECT :import, m.list_id, m.subscriber_id, m.since, m.how, m.note, {_SINCE} {_LEAVING}"""

_SUPPRESSED_SINCE = "coalesce(nullif(imported.suppressed, ''), :at)"

_KEEP_SUPPRESSIONS = f"""
INSERT INTO import_suppressions
    (import_id, address, reason, detail, created, new_reason, new_created)
SELECT :import, imported.email, coalesce(x.reason, ''), coalesce(x.detail, ''), coalesce(x.created, ''),
    imported.reason, {_SUPPRESSED_SINCE}
FROM {_OF_THE_IMPORT} LEFT JOIN suppressions x ON x.address = imported.email
WHERE {_where_stronger("imported.reason", "x.reason")}"""

_LEAVE = f"""
UPDATE memberships SET status = 'unsubscribed', since = imported.since, how = imported.how, note = imported.note
FROM (SELECT m.subscriber_id, {_SINCE} AS since, imported.how, imported.note {_LEAVING}) AS imported
WHERE memberships.subscriber_id = imported.subscriber_id AND memberships.status = 'subscribed'
    AND list_id = (SELECT id FROM lists WHERE name = :list)"""

_SUPPRESS = f"""
INSERT INTO suppressions (address, reason, detail, created)
SELECT imported.email, imported.reason, imported.suppression_note, {_SUPPRESSED_SINCE}
FROM {_OF_THE_IMPORT} WHERE imported.reason <> ''
ON CONFLICT (address) DO UPDATE
SET reason = excluded.reason, detail = excluded.detail, created = excluded.created
WHERE {_where_stronger("excluded.reason", "suppressions.reason")}"""

_KEEP_REASONS = f"""
INSERT INTO suppression_reasons (address, reason, detail, created, import_id)
SELECT imported.email, imported.reason, imported.suppression_note, {_SUPPRESSED_SINCE}, :import
FROM {_OF_THE_IMPORT} WHERE imported.reason <> ''
ON CONFLICT (address, reason) DO NOTHING"""
