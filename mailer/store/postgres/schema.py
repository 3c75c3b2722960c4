"""The schema on PostgreSQL: made from SQLite's, which is the only description of it.

A new database gets the schema as all steps have left it. An older one gets the steps that it lacks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from mailer.errors import StoreError
from mailer.store.postgres.dialect import define
from mailer.store.postgres.functions import FUNCTIONS
from mailer.store.sqlite.schema import step_names, steps, table_order, whole_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection
    from sqlite_utils import Database

_TRIGGER = re.compile(r"CREATE TRIGGER (\w+) AFTER DELETE ON (\w+) BEGIN(.*)END", re.DOTALL)
_INDEX = re.compile(r"(CREATE INDEX \w+ ON (\w+) )\(([^)]*)\)")


class SchemaChanges:
    """What a migration step changes the schema through."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def execute(self, statement: str, parameters: tuple[object, ...] = ()) -> None:
        trigger = _TRIGGER.search(statement)
        if trigger:
            self._create_trigger(*trigger.groups())
        else:
            text = _INDEX.sub(self._end_index_with_id, statement)
            text = define(text.replace("%", "%%").replace("?", "%s"))
            self._connection.execute(text.encode(), parameters)

    def _end_index_with_id(self, index: re.Match[str]) -> str:
        """Each index of SQLite ends with the id, by which pages and claims are read.

        Without it, each claim would sort everybody who is pending.
        """
        beginning, table, columns = index.groups()
        has_id = self._connection.execute(_HAS_ID, {"table": table}).fetchone()
        if has_id and "id" not in columns.split(", "):
            columns += ", id"
        return f"{beginning}({columns})"

    def _create_trigger(self, name: str, table: str, body: str) -> None:
        self._connection.execute(
            f"""CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN {body} RETURN OLD; END $$""".encode()
        )
        self._connection.execute(
            f"""CREATE TRIGGER {name} AFTER DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {name}()""".encode()
        )


def update(connection: Connection[Any], name: str, announce: Callable[[str], None]) -> None:
    """Bring the schema up to date, in a transaction that keeps others out; refuse one of a newer version.

    Args:
        connection: in a write transaction.
        name: of the database, for staff.
        announce: called with a sentence before an older schema is changed.
    """
    applied = applied_steps(connection)
    if applied is None:
        _create(connection)
        return
    newer = sorted(applied - step_names())
    if newer:
        raise StoreError(
            f"{name} was written by a newer version of mailer ({', '.join(newer)})",
            hint="Update mailer on this machine before you go on.",
        )
    pending = [step for step in steps() if step.name not in applied]
    if pending:
        announce(f"Updating {name} for this version of mailer.")
        _define_functions(connection)
    for step in pending:
        step.fn(cast("Database", SchemaChanges(connection)))
        _note(connection, step.name)


def is_current(connection: Connection[Any]) -> bool:
    """Whether nothing is to be done: to find out keeps nobody out, and waits for nobody who writes."""
    return applied_steps(connection) == set(step_names())


def applied_steps(connection: Connection[Any]) -> set[str] | None:
    """The names of the steps that the database has; None for an empty one."""
    row = connection.execute("SELECT to_regclass('schema_steps')").fetchone()
    if row is None or row[0] is None:
        return None
    return {name for (name,) in connection.execute("SELECT name FROM schema_steps")}


def tables(connection: Connection[Any]) -> dict[str, list[str]]:
    """Tables in the order in which SQLite's were made, with their columns: a dump keeps no order."""
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(_COLUMNS):
        columns.setdefault(table, []).append(column)
    return {table: columns[table] for table in table_order()}


_HAS_ID = b"""
SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(%(table)s) AND attname = 'id'"""

_COLUMNS = b"""
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
    AND c.relname <> 'schema_steps' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum"""


def _define_functions(connection: Connection[Any]) -> None:
    for function in FUNCTIONS:
        connection.execute(function.encode())


def _create(connection: Connection[Any]) -> None:
    _define_functions(connection)
    connection.execute(b'CREATE TABLE schema_steps (name TEXT COLLATE "C" PRIMARY KEY)')
    schema = SchemaChanges(connection)
    statements, rows = whole_schema()
    for statement in statements:
        schema.execute(statement)
    for table, row in rows:
        marks = ", ".join("?" * len(row))
        schema.execute(f"INSERT INTO {table} VALUES ({marks})", row)
    for name in step_names():
        _note(connection, name)


def _note(connection: Connection[Any], name: str) -> None:
    connection.execute("INSERT INTO schema_steps (name) VALUES (%s)", (name,))
