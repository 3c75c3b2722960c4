"""One connection to the database file, and what its errors mean to staff."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlite_utils import Database as MigratedDatabase

from mailer.atomic import private_folder, private_opener
from mailer.errors import StoreError
from mailer.store.sqlite.migrations import migrations

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    Row = tuple[Any, ...]
    Parameters = Mapping[str, object]

BUSY_SECONDS = 60

_RESTORE = "Look at it with: mailer doctor. Restore lists/mailer.db from a backup if it is damaged."

_NONE: Parameters = {}

T = TypeVar("T")


def problem(err: sqlite3.Error | OSError, doing: str) -> StoreError:
    """What staff can do about an error of SQLite or of its files."""
    # whatever is not the operation's is the file's: damaged, or no database at all
    damaged = isinstance(err, sqlite3.DatabaseError) and not isinstance(
        err, sqlite3.OperationalError
    )
    hint = _RESTORE if damaged else "Check that lists/ can be written to and the disk is not full."
    return StoreError(f"the database cannot be {doing}: {err}", hint=hint)


class SqliteDatabase:
    """A connection that raises StoreError only.

    Args:
        path: the database file; made, with its folder, if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            private_folder(path.parent)
            # its log gets the same mode from SQLite
            os.close(private_opener(str(path), os.O_RDWR | os.O_CREAT))
            self.connection = sqlite3.connect(
                path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
            )
            self.connection.execute("PRAGMA journal_mode=WAL")
            # FULL: what is committed as `sending` or `accepted` outlives a power cut, too.
            self.connection.execute("PRAGMA synchronous=FULL")
            self.connection.execute("PRAGMA foreign_keys=ON")
            with self.writing():
                migrations.apply(MigratedDatabase(self.connection, execute_plugins=False))
        except (OSError, sqlite3.Error) as err:
            raise problem(err, f"opened ({path})") from err

    # ---------------------------------------------------------------- statements

    def rows(self, sql: str, parameters: Parameters = _NONE) -> list[Row]:
        try:
            return self.connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as err:
            raise self._problem(err) from err

    def row(self, sql: str, parameters: Parameters = _NONE) -> Row | None:
        """The first row; None when there is none."""
        try:
            row: Row | None = self.connection.execute(sql, parameters).fetchone()
        except sqlite3.Error as err:
            raise self._problem(err) from err
        return row

    def value(self, sql: str, parameters: Parameters = _NONE) -> Any:
        """The first value of the first row; None when there is no row."""
        row = self.row(sql, parameters)
        return row[0] if row else None

    def stream(self, sql: str, parameters: Parameters = _NONE) -> Generator[Row]:
        """Rows one at a time, from a cursor that stays open: for temporary tables only."""
        try:
            yield from self.connection.execute(sql, parameters)
        except sqlite3.Error as err:
            raise self._problem(err) from err

    def execute(self, sql: str, parameters: Parameters = _NONE) -> int:
        """Return the number of rows that changed."""
        try:
            return self.connection.execute(sql, parameters).rowcount
        except sqlite3.Error as err:
            raise self._problem(err) from err

    def execute_many(self, sql: str, parameters: Iterable[Parameters]) -> int:
        """Return the number of rows that changed, in all."""
        try:
            return self.connection.executemany(sql, parameters).rowcount
        except sqlite3.Error as err:
            raise self._problem(err) from err

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Add many rows to a table, in the order of the columns: the fastest way there is."""
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        try:
            self.connection.executemany(sql, rows)
        except sqlite3.Error as err:
            raise self._problem(err) from err

    def create_function(self, name: str, function: Callable[[str], bool]) -> None:
        """Let SQL on this connection call a function of one argument."""
        self.connection.create_function(name, 1, function)

    def _problem(self, err: sqlite3.Error) -> StoreError:
        writing = self.connection.in_transaction
        return problem(err, "written, and nothing of this step was kept" if writing else "read")

    # ---------------------------------------------------------------- transactions

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One write transaction, whole or not at all. Inside another one, it is a step of that.

        IMMEDIATE, because a deferred one that reads first fails with "database is locked" as soon
        as another process has written in between.
        """
        if self.connection.in_transaction:
            with self._transaction("SAVEPOINT step", "RELEASE step", "ROLLBACK TO step"):
                yield
        else:
            with self._transaction("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"):
                yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let several reads see the same instant."""
        with self._transaction("BEGIN", "COMMIT", "ROLLBACK"):
            yield

    @contextmanager
    def _transaction(self, begin: str, commit: str, undo: str) -> Iterator[None]:
        self.execute(begin)
        try:
            yield
            self.execute(commit)
        except BaseException:
            # an error such as a full disk has rolled everything back
            if self.connection.in_transaction:
                self.execute(undo)
                if undo != "ROLLBACK":
                    self.execute(commit)
            raise

    def together(self, steps: Sequence[Callable[[], T]]) -> list[T | Exception]:
        with self.writing():
            return [self._step(step) for step in steps]

    def _step(self, step: Callable[[], T]) -> T | Exception:
        try:
            with self.writing():
                return step()
        except StoreError:
            raise
        except Exception as err:  # noqa: BLE001 - the caller that asked for the step gets it
            return err

    def close(self) -> None:
        self.connection.close()
