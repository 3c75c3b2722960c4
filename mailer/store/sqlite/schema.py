"""The schema as all migrations leave it: its steps, tables, columns and statements."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlite_utils import Database, Migrations

from mailer.store.sqlite.migrations import migrations

if TYPE_CHECKING:
    from collections.abc import Sequence


def steps() -> list[Migrations._Migration]:
    """All steps that this version knows, in their order."""
    return migrations.pending(Database(memory=True))


@cache
def step_names() -> frozenset[str]:
    """The names of all steps that this version knows."""
    return frozenset(step.name for step in steps())


@cache
def table_order() -> Sequence[str]:
    """The tables in the order in which they were made: references lead back only."""
    database = Database(memory=True)
    migrations.apply(database)
    return list(table_columns(database))


def whole_schema() -> tuple[list[str], list[tuple[str, tuple[object, ...]]]]:
    """The schema as all steps leave it: its statements, and the rows that it begins with, by table."""
    database = Database(memory=True)
    migrations.apply(database)
    rows = [
        (name, row)
        for name in table_columns(database)
        for row in database.execute(f"SELECT * FROM {name}")
    ]
    return [statement for (statement,) in database.execute(_SCHEMA)], rows


def table_columns(database: Database) -> dict[str, list[str]]:
    """The store's own tables, in the order in which they were made, with their columns."""
    names = [name for name in database.table_names() if "sqlite_" not in name]
    return {name: [column.name for column in database.table(name).columns] for name in names}


# tables in the order in which they were made: references lead back only
_SCHEMA = r"""
SELECT sql FROM sqlite_master
WHERE sql IS NOT NULL AND tbl_name NOT LIKE '%sqlite\_%' ESCAPE '\'
ORDER BY type <> 'table', rowid"""
