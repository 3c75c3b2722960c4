"""One connection to the database file, with its errors explained to staff."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlite_utils import Database as MigratedDatabase

from mailer.atomic import private_folder, private_opener
from mailer.errors import DatabaseReplacedError, StoreError
from mailer.store.sql.database import (
    MOVED,
    NONE,
    UNFINISHED,
    Parameters,
    Row,
    SqlDatabase,
)
from mailer.store.sqlite import log_header
from mailer.store.sqlite.migrations import migrations
from mailer.store.sqlite.schema import step_names, table_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

_Identity = tuple[int, int, int]
"""Device, inode and size in bytes."""

BUSY_SECONDS = 60
_READER_SECONDS = 5
"""Time for which an erasure waits for readers; remaining data is removed later."""

_PRIMARY = 0xFF
"""The part of an error code of SQLite that names the kind; the rest is the detail."""

_RESTORE = "Look at it with: mailer doctor. Restore lists/mailer.db from a backup if it is damaged."

_CACHE_KIB = 16_384
"""Cache for sorting, above all: with SQLite's 2 MB it goes over the rows more often."""

_IMPORT_PRAGMAS = (
    f"PRAGMA main.cache_size = -{_CACHE_KIB}",
    f"PRAGMA temp.cache_size = -{_CACHE_KIB}",
    # some builds of SQLite overwrite what is dropped, which takes a second for a million rows
    "PRAGMA temp.secure_delete = OFF",
)


def problem(err: sqlite3.Error | OSError, doing: str) -> StoreError:
    """What staff can do about an error of SQLite or of its files."""
    # an error that is not the operation's is the file's: damaged, or no database at all
    damaged = isinstance(err, sqlite3.DatabaseError) and not isinstance(
        err, sqlite3.OperationalError
    )
    hint = _RESTORE if damaged else "Check that lists/ can be written to and the disk is not full."
    return StoreError(f"the database cannot be {doing}: {err}", hint=hint)


def _connect(name: str) -> sqlite3.Connection:
    return sqlite3.connect(
        name,
        isolation_level=None,
        timeout=BUSY_SECONDS,
        check_same_thread=False,
        uri=name.startswith("file:"),
    )


def make(path: Path) -> None:
    """Make the file, if it is not there, for its owner alone; its log gets the same mode from SQLite."""
    if not path.exists():
        os.close(private_opener(str(path), os.O_RDWR | os.O_CREAT))


def _identity(path: Path) -> _Identity | None:
    """None where there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size


def is_writable(path: Path) -> bool:
    """Whether this user may write the database, and the files that SQLite makes beside it."""
    return all(os.access(place, os.W_OK, effective_ids=True) for place in (path, path.parent))


def open_to_read(path: Path) -> tuple[sqlite3.Connection, TemporaryDirectory[str] | None]:
    """Open a database that cannot be written, or a copy of it in a folder to be removed.

    SQLite needs two files beside the database even to read, unless there is no log.
    """
    log = path.with_name(f"{path.name}-wal")
    if not (log.exists() and log.stat().st_size):
        return _connect(f"{path.absolute().as_uri()}?immutable=1"), None
    folder = TemporaryDirectory(prefix="mailer-")
    copy = Path(folder.name) / path.name
    for file in (path, log):
        shutil.copyfile(file, copy.with_name(file.name))
    return _connect(str(copy)), folder


def is_unfinished_copy(path: Path) -> bool:
    """Whether a file is a store into which a copy was begun; it may be any file."""
    try:
        with closing(_connect(f"{path.absolute().as_uri()}?mode=ro")) as connection:
            return bool(connection.execute(MOVED).fetchone() == (UNFINISHED,))
    except sqlite3.Error:
        return False


class SqliteDatabase(SqlDatabase):
    """A connection that raises StoreError only.

    Where the file cannot be written to, as on a read-only file system, it can still be read.

    Args:
        path: the database file; created, with its folder, if missing.
        announce: called with a sentence before the schema is changed.
    """

    def __init__(self, path: Path, announce: Callable[[str], None] = lambda _: None) -> None:
        self.path, self.name, self.place = path, path.name, str(path.resolve())
        self._log = path.with_name(path.name + "-wal")
        self._known_log: _Identity | None = None
        self._known_head = b""
        """The head of the log after this connection's last commit."""
        self._copy: TemporaryDirectory[str] | None = None
        try:
            private_folder(path.parent)
            make(path)
            self.connection = self._open()
            self.read_only = not is_writable(self.path)
            self._file = _identity(path)
            self._update(announce)
        except (OSError, sqlite3.Error) as err:
            raise problem(err, f"opened ({path})") from err

    def _open(self) -> sqlite3.Connection:
        connection = _connect(str(self.path))
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            # FULL: what is committed as `sending` or `accepted` outlives a power cut, too.
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            # what is deleted or changed is overwritten: an erased person stays in no free page
            connection.execute("PRAGMA secure_delete=ON")
        except sqlite3.OperationalError:
            connection.close()
            if is_writable(self.path):
                raise
            connection, self._copy = open_to_read(self.path)
        return connection

    def _update(self, announce: Callable[[str], None]) -> None:
        """Bring the schema up to date, after a backup; refuse one of a newer version."""
        database = MigratedDatabase(self.connection, execute_plugins=False)
        applied = {step.name for step in migrations.applied(database)}
        newer = sorted(applied - step_names())
        if newer:
            raise StoreError(
                f"{self.path} was written by a newer version of mailer ({', '.join(newer)})",
                hint="Update mailer on this machine before you go on.",
            )
        pending = migrations.pending(database)
        if not pending:
            return
        if not applied and set(database.table_names()) - {"_sqlite_migrations"}:
            raise StoreError(
                f"{self.path} is a database of another program",
                hint="Move it away, and put the database of this project in its place.",
            )
        if self.read_only:
            raise StoreError(
                f"{self.path} is of an earlier version of mailer, and can only be read from here",
                hint="Run a command such as mailer status as the user who may write it.",
            )
        if applied:
            backup = self.path.with_name(f"{self.path.name}.before-update")
            announce(
                f"Updating {self.path.name} for this version of mailer. As it was before, it is kept "
                f"as {backup.name}."
            )
            self.back_up(backup)
        with self._transaction("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"):
            migrations.apply(database)

    def tables(self) -> dict[str, list[str]]:
        return table_columns(MigratedDatabase(self.connection, execute_plugins=False))

    def back_up(self, file: Path) -> None:
        """Copy all committed data into one file, which is put in place when it is complete."""
        part = file.with_name(f"{file.name}.part")
        try:
            part.unlink(missing_ok=True)
            make(part)
            with closing(sqlite3.connect(part)) as copy:
                self.connection.backup(copy)
            with part.open("rb+") as written:
                os.fsync(written.fileno())
            part.replace(file)
        except (OSError, sqlite3.Error) as err:
            part.unlink(missing_ok=True)
            raise problem(err, f"backed up to {file}") from err

    # ---------------------------------------------------------------- statements

    def rows(self, sql: str, parameters: Parameters = NONE) -> list[Row]:
        try:
            return self.connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as err:
            raise self._problem(err) from err

    def row(self, sql: str, parameters: Parameters = NONE) -> Row | None:
        """The first row; None when there is none."""
        try:
            row: Row | None = self.connection.execute(sql, parameters).fetchone()
        except sqlite3.Error as err:
            raise self._problem(err) from err
        return row

    def stream(self, sql: str, parameters: Parameters = NONE) -> Generator[Row]:
        """Rows one at a time, from a cursor that stays open: for temporary tables only."""
        try:
            yield from self.connection.execute(sql, parameters)
        except sqlite3.Error as err:
            raise self._problem(err) from err

    def execute(self, sql: str, parameters: Parameters = NONE) -> int:
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
        """Insert many rows into a table, in the order of the columns, in the fastest way."""
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        try:
            self.connection.executemany(sql, rows)
        except sqlite3.Error as err:
            raise self._problem(err) from err

    def begin_import(self) -> None:
        for pragma in _IMPORT_PRAGMAS:
            self.execute(pragma)

    def number_from(self, table: str, first: int) -> None:
        self.execute("DELETE FROM sqlite_sequence WHERE name = :table", {"table": table})
        self.execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :spent)",
            {"table": table, "spent": first - 1},
        )

    def checkpoint(self) -> None:
        """Checkpoint: move the log into the main file, as far as readers allow."""
        if not self.connection.in_transaction:
            self.rows("PRAGMA wal_checkpoint(PASSIVE)")

    def records(self, sql: str, parameters: Parameters = NONE) -> list[dict[str, object]]:
        """Rows by the names of their columns."""
        try:
            cursor = self.connection.execute(sql, parameters)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]
        except sqlite3.Error as err:
            raise self._problem(err) from err

    def clear_log(self) -> bool:
        """Move what `clear_log_later` noted into the file and empty the log; return False when a reader is in the way."""
        if not self.value("PRAGMA user_version"):
            return True
        self.execute(f"PRAGMA busy_timeout = {_READER_SECONDS * 1000}")
        (busy, *_), *_ = self.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        self.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        if busy:
            return False
        self.execute("PRAGMA user_version = 0")
        return True

    def clear_log_later(self) -> None:
        """Note, in this transaction, that the log has to be cleared after it."""
        self.execute("PRAGMA user_version = 1")

    def _problem(self, err: sqlite3.Error) -> StoreError:
        code = getattr(err, "sqlite_errorcode", 0)
        if self._known_log and not self._is_present():
            return self._replaced()
        if self._lost_pages(code):
            self._discard_log()
            return self._replaced()
        full = code == sqlite3.SQLITE_FULL
        writing = full or self.connection.in_transaction
        return problem(err, "written, and nothing of this step was kept" if writing else "read")

    def _lost_pages(self, code: int) -> bool:
        """Whether pages cannot be read because the log was emptied: where SQLite empties it, nothing needs them."""
        log = _identity(self._log)
        is_emptied = bool(log and self._known_log and not log[2] and self._known_log[2])
        return is_emptied and code & _PRIMARY in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR}

    # ---------------------------------------------------------------- transactions

    def check_present(self) -> None:
        """Two stats: SQLite goes on writing to a file that is no longer there.

        Raises:
            DatabaseReplacedError: the file or its log was replaced, deleted or cut off.
        """
        if not self._is_present():
            self._rescue_log()
            raise self._replaced()
        self._file, self._known_log = _identity(self.path), _identity(self._log)

    def _is_present(self) -> bool:
        """Whether the file and its log are those that this connection has opened, and neither was cut."""
        log = _identity(self._log)
        return self._is_known(_identity(self.path)) and log is not None and self._is_known_log(log)

    def _is_known_log(self, log: _Identity) -> bool:
        known = self._known_log
        if known is None:
            return True
        # SQLite makes a log shorter only where it begins another one
        with suppress(OSError):
            was_cut = log[2] < known[2] and log_header.read(self._log) == self._known_head
            return log[:2] == known[:2] and not was_cut
        return False

    def _check_log(self) -> None:
        """Look at the log after a commit: what was emptied before has a gap, and lost what was in it.

        Emptied again, it cannot be moved into the file, which is whole as it is, and older. Deleted, it
        tells all others.
        """
        try:
            # twice: another process may be beginning the log anew at this very moment
            for _ in range(2):
                head = log_header.read(self._log)
                if log_header.is_intact(head):
                    self._known_head = head
                    return
        except OSError as err:  # deleted, or moved
            raise self._replaced() from err
        self._discard_log()
        raise self._replaced()

    def _discard_log(self) -> None:
        with suppress(OSError):
            os.truncate(self._log, 0)
            self._log.unlink()

    def _replaced(self) -> DatabaseReplacedError:
        return DatabaseReplacedError(
            f"{self.path.name} was replaced or deleted while in use: nothing was written",
            hint="Stop everything that uses it (mailer serve, worker, send), put the right "
            "database in place, and start again. See docs/backups.md.",
        )

    def _is_known(self, file: _Identity | None) -> bool:
        known = self._file
        return (
            file is not None and known is not None and file[:2] == known[:2] and file[2] >= known[2]
        )

    def _rescue_log(self) -> None:
        """Move the log into the file, where only the log was deleted: this connection still reads it.

        Not where there is another log: then another process writes by that.
        """
        in_place = self._is_known(_identity(self.path)) and not self._log.exists()
        if in_place and not self.connection.in_transaction:
            with suppress(sqlite3.Error):
                self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One write transaction, whole or not at all. Inside another one, it is a step of that.

        IMMEDIATE, because a deferred one that reads first fails with "database is locked" as soon
        as another process has written in between.
        """
        if self.read_only:
            raise StoreError(f"{self.path} cannot be written to from here: it can only be read")
        if self.connection.in_transaction:
            with self._transaction("SAVEPOINT step", "RELEASE step", "ROLLBACK TO step"):
                yield
        else:
            with self._transaction("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"):
                # in the transaction: it may have been copied while this process waited for its turn
                if not self.is_copying and (place := self.value(MOVED)):
                    raise self.moved(place)
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
            if begin == "BEGIN IMMEDIATE":
                self.check_present()
            self.execute(commit)
            if begin == "BEGIN IMMEDIATE":
                # replaced between the first look and the commit: what was written is gone
                self.check_present()
                self._check_log()
        except BaseException as err:
            # an error such as a full disk has rolled everything back
            if self.connection.in_transaction:
                self.execute(undo)
                if undo != "ROLLBACK":
                    self.execute(commit)
            if isinstance(err, DatabaseReplacedError):
                self._rescue_log()
            raise

    def close(self) -> None:
        self.connection.close()
        if self._copy:
            self._copy.cleanup()
