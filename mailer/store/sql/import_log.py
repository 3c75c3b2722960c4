"""Log of the changes of each import, so that it can be undone.

New people and memberships of an import are known by their ids and by its number. Of changed rows,
the values before and after are kept: undoing restores rows that are still as the import left them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mailer.lists.import_log import LoggedImport, UndoPlan
from mailer.lists.subscriber import COLUMNS
from mailer.store.sql.rows import iso

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mailer.lists.import_row import ImportTotals
    from mailer.store.sql.database import Parameters, SqlDatabase

DETAILS = (*COLUMNS[1:], "fields", "tags")
"""The columns of a subscriber that an import can change."""


class SqlImportLog:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def imports(self) -> list[LoggedImport]:
        return [LoggedImport(*row) for row in self._db.rows(_IMPORTS)]

    def plan_undo(self, number: int) -> UndoPlan:
        place = {"import": number}
        later = self._db.rows(_LATER, place)
        counts = self._db.row(_PLAN, place) or ()
        return replace(UndoPlan(*counts), later=tuple(row[0] for row in later))

    def undo(self, number: int, *, now: datetime) -> UndoPlan:
        with self._db.writing():
            plan = self.plan_undo(number)
            if not plan.mailed and not plan.later:
                for statement in _UNDO:
                    self._db.execute(statement, {"import": number, "at": iso(now)})
        return plan

    # ---------------------------------------------------------------- for other parts of the store

    def begin(self, origin: Parameters, totals: ImportTotals, last_id: int) -> int:
        """Number an import, in its transaction."""
        counts = {"new": totals.new, "updated": totals.updated, "last": last_id}
        row = self._db.row(_BEGIN, {**origin, **counts})
        assert row is not None
        return int(row[0])

    def people_added(self, number: int) -> None:
        """Note which people are new with an import, as soon as they are stored."""
        self._db.execute(_PEOPLE_ADDED, {"import": number})

    def add_fields(self, number: int, names: Iterable[str]) -> None:
        added = [
            {"import": number, "name": name}
            for name in sorted(names)
            if self._db.execute(_ADD_FIELD, {"name": name}) == 1
        ]
        self._db.execute_many(_ADDED_FIELD, added)


_IMPORTS = """
SELECT id, at, list_name, file, source, new, updated, undone FROM imports ORDER BY id"""

_BEGIN = """
INSERT INTO imports (at, list_name, file, source, new, updated, last_id, new_list)
SELECT :at, :list, :file, :source, :new, :updated, :last,
    CASE WHEN EXISTS (SELECT 1 FROM lists WHERE name = :list) THEN 0 ELSE 1 END
RETURNING id"""

_PEOPLE_ADDED = """
UPDATE imports SET newest_id = (SELECT coalesce(max(id), 0) FROM subscribers) WHERE id = :import"""

_ADD_FIELD = "INSERT INTO field_names (name) VALUES (:name) ON CONFLICT (name) DO NOTHING"

_ADDED_FIELD = "INSERT INTO import_fields (import_id, name) VALUES (:import, :name)"

_LATER = """
SELECT later.id FROM imports JOIN imports later ON later.list_name = imports.list_name
WHERE imports.id = :import AND later.id > imports.id AND later.undone = '' ORDER BY later.id"""

# A membership from an import is unchanged until something else sets a later date.
_MADE = """m.import_id = :import AND m.since <= (SELECT at FROM imports WHERE id = :import)"""

_NEW_PEOPLE = """s.id > (SELECT last_id FROM imports WHERE id = :import)
    AND s.id <= (SELECT newest_id FROM imports WHERE id = :import)"""

_REMOVED_FROM = (
    "(SELECT id FROM lists WHERE name = (SELECT list_name FROM imports WHERE id = :import))"
)

_CHANGED_MEMBERSHIP = """
FROM import_memberships b JOIN memberships m
    ON m.list_id = b.list_id AND m.subscriber_id = b.subscriber_id
WHERE b.import_id = :import AND m.status = 'unsubscribed' AND m.since = b.new_since"""

_MADE_SUPPRESSION = """
FROM import_suppressions b JOIN suppressions x ON x.address = b.address
WHERE b.import_id = :import AND x.reason = b.new_reason AND x.created = b.new_created"""

# In the order of `UndoPlan`.
_PLAN = f"""
SELECT
    (SELECT count(*) FROM subscribers s WHERE {_NEW_PEOPLE}
        AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.subscriber_id = s.id
            AND NOT ({_MADE}))),
    (SELECT count(*) FROM memberships m WHERE m.list_id = {_REMOVED_FROM} AND {_MADE}),
    (SELECT count(*) FROM import_people WHERE import_id = :import AND moment = 'before'),
    (SELECT count(*) {_CHANGED_MEMBERSHIP}),
    (SELECT count(*) {_MADE_SUPPRESSION}),
    (SELECT count(DISTINCT m.subscriber_id) FROM memberships m
        JOIN deliveries d ON d.subscriber_id = m.subscriber_id
        JOIN sends ON sends.id = d.send_id AND (sends.list_id = m.list_id OR EXISTS (
            SELECT 1 FROM further_lists f WHERE f.send_id = sends.id AND f.list_id = m.list_id))
        WHERE m.list_id = {_REMOVED_FROM} AND m.import_id = :import
            AND d.state NOT IN ('pending', 'skipped'))"""

_RESTORED = ", ".join(
    f"{name} = CASE WHEN subscribers.{name} = a.{name} THEN b.{name} ELSE subscribers.{name} END"
    for name in DETAILS
)

_UNDO = (
    """UPDATE memberships SET status = 'subscribed', since = b.since, how = b.how, note = b.note
        FROM import_memberships b
        WHERE b.import_id = :import AND memberships.list_id = b.list_id
            AND memberships.subscriber_id = b.subscriber_id
            AND memberships.status = 'unsubscribed' AND memberships.since = b.new_since""",
    """UPDATE suppressions SET reason = b.reason, detail = b.detail, created = b.created
        FROM import_suppressions b
        WHERE b.import_id = :import AND suppressions.address = b.address AND b.reason <> ''
            AND suppressions.reason = b.new_reason AND suppressions.created = b.new_created""",
    f"""DELETE FROM suppressions WHERE address IN (
        SELECT x.address {_MADE_SUPPRESSION} AND b.reason = '')""",
    f"""UPDATE subscribers SET {_RESTORED}
        FROM import_people b, import_people a
        WHERE b.import_id = :import AND b.moment = 'before' AND b.subscriber_id = subscribers.id
            AND a.import_id = :import AND a.moment = 'after' AND a.subscriber_id = subscribers.id""",
    f"""DELETE FROM memberships WHERE list_id = {_REMOVED_FROM} AND import_id = :import
        AND since <= (SELECT at FROM imports WHERE id = :import)""",
    f"""UPDATE deliveries SET state = 'skipped', detail = 'import undone', changed = :at
        WHERE state = 'pending' AND subscriber_id IN (SELECT s.id FROM subscribers s
            WHERE {_NEW_PEOPLE} AND NOT EXISTS (
                SELECT 1 FROM memberships m WHERE m.subscriber_id = s.id))""",
    # a person with any other record stays
    f"""DELETE FROM subscribers WHERE id IN (SELECT s.id FROM subscribers s WHERE {_NEW_PEOPLE}
        AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.subscriber_id = s.id)
        AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.subscriber_id = s.id)
        AND NOT EXISTS (SELECT 1 FROM departures d WHERE d.subscriber_id = s.id)
        AND NOT EXISTS (SELECT 1 FROM events e WHERE e.subscriber_id = s.id))""",
    """DELETE FROM field_names WHERE name IN (
            SELECT name FROM import_fields WHERE import_id = :import)
        AND NOT EXISTS (SELECT 1 FROM subscribers
            WHERE instr(fields, '"' || field_names.name || '":') > 0)""",
    f"""DELETE FROM lists WHERE id = {_REMOVED_FROM}
        AND (SELECT new_list FROM imports WHERE id = :import) = 1
        AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.list_id = lists.id)
        AND NOT EXISTS (SELECT 1 FROM sends WHERE sends.list_id = lists.id)
        AND NOT EXISTS (SELECT 1 FROM further_lists f WHERE f.list_id = lists.id)""",
    "UPDATE imports SET undone = :at WHERE id = :import",
    *(
        f"DELETE FROM {table} WHERE import_id = :import"
        for table in (
            "import_people",
            "import_memberships",
            "import_suppressions",
            "suppression_reasons",
            "import_fields",
        )
    ),
)
