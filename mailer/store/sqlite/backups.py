"""Put a backup in the place of a database file: checked first, complete before anything is moved."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING

from sqlite_utils import Database

from mailer.errors import StoreError
from mailer.store.sqlite.database import make, open_to_read, problem
from mailer.store.sqlite.migrations import migrations
from mailer.store.sqlite.schema import step_names

if TYPE_CHECKING:
    from pathlib import Path

_HINT = "Nothing was changed. Name a folder that mailer backup has written."


def put_back(database: Path, backup: Path, aside: str) -> None:
    """Put a backup in place, and keep the database that was there.

    A process that is killed in between leaves the old database, or the new one. The log of the old one is
    moved first: SQLite would take it for the log of the new one.

    Args:
        database: the file to be replaced; it and its folder may be missing.
        backup: a file of `SqlDatabase.back_up`, or a database with its log beside it.
        aside: the name that the old file gets, beside the new one.

    Raises:
        StoreError: the backup is damaged, foreign, or of a newer version; nothing was changed. Or the
            files cannot be written.
    """
    database = database.resolve()
    part = database.with_name(f"{database.name}.part")
    try:
        with ExitStack() as stack:
            connection = _open(backup, stack)
            _check(connection, backup)
            # a project that was moved to another machine may have no lists/ yet
            part.parent.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            make(part)
            with closing(sqlite3.connect(part)) as copy:
                connection.backup(copy)
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        _keep(database, aside)
        part.replace(database)
    except (OSError, sqlite3.Error) as err:
        raise problem(err, f"restored from {backup}") from err
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _open(backup: Path, stack: ExitStack) -> sqlite3.Connection:
    connection, copy = open_to_read(backup)
    if copy:
        stack.enter_context(copy)
    return stack.enter_context(closing(connection))


def _check(connection: sqlite3.Connection, backup: Path) -> None:
    try:
        damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        applied = {step.name for step in migrations.applied(Database(connection))}
    except sqlite3.DatabaseError as err:
        raise StoreError(f"{backup} is damaged, or no database: {err}", hint=_HINT) from err
    if damage != "ok":
        raise StoreError(f"{backup} is damaged: {damage}", hint=_HINT)
    if not applied & step_names():
        raise StoreError(f"{backup} is not a database of mailer", hint=_HINT)
    if newer := sorted(applied - step_names()):
        raise StoreError(
            f"{backup} was written by a newer version of mailer ({', '.join(newer)})",
            hint="Nothing was changed. Update mailer on this machine first.",
        )


def _keep(database: Path, aside: str) -> None:
    log = database.with_name(f"{database.name}-wal")
    if log.exists():
        log.replace(database.with_name(f"{aside}-wal"))
    database.with_name(f"{database.name}-shm").unlink(missing_ok=True)
    if database.exists():
        try:
            os.link(database, database.with_name(aside))
        except OSError:  # a file system without a second name for a file
            database.replace(database.with_name(aside))
