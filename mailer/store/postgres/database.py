"""One connection to a PostgreSQL server, with its errors explained to staff."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql as quoted
from psycopg.pq import TransactionStatus

from mailer.errors import StoreError, StoreUnreachableError
from mailer.store.postgres import dump, errors, schema
from mailer.store.postgres.dialect import adapt, translate
from mailer.store.sql.database import MOVED, NONE, Parameters, Row, SqlDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

BUSY_SECONDS = 60
_IDLE_SECONDS = 10
"""Time after which the server ends the transaction of a process that has stopped in its middle: a lock
that it held would stop all others."""

OLDEST = 140_000
"""PostgreSQL 14."""

WRITER = 7_305_001
"""The advisory lock of whoever writes."""

_SETTINGS = f"""
SET lock_timeout = '{BUSY_SECONDS}s';
SET idle_in_transaction_session_timeout = '{_IDLE_SECONDS}s';
SET client_min_messages = warning;
-- All that is asked for often has an index. A send changes the state of everybody within minutes, and by
-- counts from before it the planner would look for one of many in rows that hold none.
SET enable_seqscan = off;
SET jit = off;
-- what is committed as `sending` or `accepted` outlives a power cut, too
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') = 'off'"""

_BEGIN = f"BEGIN; SELECT pg_advisory_xact_lock({WRITER})"

KEEPALIVES = {
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""A server that is gone without a word is noticed after half a minute."""


def connect(url: str, name: str = "mailer") -> psycopg.Connection[Any]:
    """Open a connection that commits each statement.

    Args:
        url: of the database.
        name: shown by the server beside the connection.

    Raises:
        StoreError: it cannot be reached, or refuses.
    """
    usual = {**KEEPALIVES, "client_encoding": "utf8", "application_name": name}
    parts: dict[str, Any] = {**usual, **psycopg.conninfo.conninfo_to_dict(url)}
    try:
        return psycopg.connect(psycopg.conninfo.make_conninfo(**parts), autocommit=True)
    except psycopg.Error as err:
        raise errors.unreachable(err, url) from err


def is_alive(connection: psycopg.Connection[Any]) -> bool:
    """Ask the server, which takes one way there and back: a cut is not noticed otherwise."""
    try:
        connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


class PostgresDatabase(SqlDatabase):
    """A connection that raises StoreError only, and is opened again after it was lost.

    Args:
        url: of the database. It has to exist; its tables are created if they are missing.
        announce: called with a sentence before the schema is changed.
    """

    def __init__(self, url: str, announce: Callable[[str], None] = lambda _: None) -> None:
        self.url = url
        self.name = errors.place(url)
        self._open()
        try:
            self._prepare(announce)
        except BaseException:
            self.close()
            raise

    def _prepare(self, announce: Callable[[str], None]) -> None:
        with self._explained():
            self._check_server()
        if not self.read_only:
            with self._explained():
                is_current = schema.is_current(self.connection)
            if not is_current:
                with self.writing(), self._explained():
                    schema.update(self.connection, self.name, announce)
            self.moved_to = self.value(MOVED) or ""

    def _open(self) -> None:
        self.connection = connect(self.url)
        adapt(self.connection)
        with self._explained():
            self.connection.execute(_SETTINGS.encode())

    def _check_server(self) -> None:
        if self.connection.info.server_version < OLDEST:
            raise StoreError(f"the server at {self.name} is older than PostgreSQL 14")
        encoding = self.connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StoreError(
                f"the database {self.name} is not in UTF-8 but in {encoding}",
                hint="Create it anew: createdb --encoding UTF8 --template template0 NAME",
            )
        row = self.connection.execute("SELECT pg_is_in_recovery()").fetchone()
        self.read_only = bool(row and row[0])

    # ---------------------------------------------------------------- statements

    def _run(self, sql: str, parameters: Parameters) -> psycopg.Cursor[Row]:
        if not sql.lstrip().startswith("SELECT"):
            self._reopen_if_lost()
        return self._ask(translate(sql), parameters)

    def _ask(self, statement: bytes, parameters: Parameters = NONE) -> psycopg.Cursor[Row]:
        """Run a statement that can be repeated where nothing was begun before it.

        A connection that turns out to be lost is replaced then, and nobody notices. To ask the server
        beforehand whether it is there would take as long as the statement itself.
        """
        repeatable = not self.in_transaction
        try:
            with self._explained():
                return self.connection.execute(statement, parameters)
        except StoreUnreachableError:
            if not repeatable:
                raise
            self._open()
        with self._explained():
            return self.connection.execute(statement, parameters)

    def _reopen_if_lost(self) -> None:
        """Before a change outside a transaction, as it must not be made twice."""
        if not self.in_transaction and not is_alive(self.connection):
            self.connection.close()
            self._open()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        writing = self.in_transaction
        try:
            yield
        except psycopg.Error as err:
            lost = self.connection.closed
            raise errors.failed(err, self.url, writing=writing, lost=lost) from err

    @property
    def in_transaction(self) -> bool:
        return self.connection.info.transaction_status in {
            TransactionStatus.INTRANS,
            TransactionStatus.INERROR,
        }

    def rows(self, sql: str, parameters: Parameters = NONE) -> list[Row]:
        return self._run(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Parameters = NONE) -> Row | None:
        return self._run(sql, parameters).fetchone()

    def records(self, sql: str, parameters: Parameters = NONE) -> list[dict[str, object]]:
        cursor = self._run(sql, parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def stream(self, sql: str, parameters: Parameters = NONE) -> Generator[Row]:
        with (
            self._explained(),
            self.connection.cursor("stream", withhold=True) as cursor,
        ):
            yield from cursor.execute(translate(sql), parameters)

    def execute(self, sql: str, parameters: Parameters = NONE) -> int:
        return self._run(sql, parameters).rowcount

    def execute_many(self, sql: str, parameters: Iterable[Parameters]) -> int:
        with self._explained(), self.connection.cursor() as cursor:
            cursor.executemany(translate(sql), parameters)
            return max(cursor.rowcount, 0)

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        names = quoted.SQL(", ").join(map(quoted.Identifier, columns))
        statement = quoted.SQL("COPY {} ({}) FROM STDIN").format(quoted.Identifier(table), names)
        with (
            self._explained(),
            self.connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            for row in rows:
                copy.write_row(row)

    # ---------------------------------------------------------------- transactions

    @contextmanager
    def writing(self) -> Iterator[None]:
        self.check_moved()
        if self.read_only:
            raise StoreError(
                f"{self.name} is a standby: it can only be read",
                hint="Name the primary server in the address of the store.",
            )
        if self.in_transaction:
            with self._transaction(
                "SAVEPOINT step", "RELEASE step", "ROLLBACK TO step; RELEASE step"
            ):
                yield
        else:
            with self._transaction(_BEGIN, "COMMIT", "ROLLBACK"):
                yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ", "COMMIT", "ROLLBACK"):
            yield

    @contextmanager
    def _transaction(self, begin: str, commit: str, undo: str) -> Iterator[None]:
        try:
            self._ask(begin.encode())
            yield
            with self._explained():
                self.connection.execute(commit.encode())
        except BaseException:
            if self.in_transaction:
                with self._explained():
                    self.connection.execute(undo.encode())
            raise

    # ---------------------------------------------------------------- what databases do differently

    def tables(self) -> dict[str, list[str]]:
        return schema.tables(self.connection)

    def finish_copy(self) -> None:
        """Give out ids above those that were copied."""
        for table, columns in self.tables().items():
            if columns[0] == "id" and self.value(_SEQUENCE, {"table": table}):
                highest = int(self.value(f"SELECT coalesce(max(id), 0) FROM {table}"))
                self.number_from(table, highest + 1)

    def number_from(self, table: str, first: int) -> None:
        sequence = {"table": table, "first": first}
        self.execute("SELECT setval(pg_get_serial_sequence(:table, 'id'), :first, false)", sequence)

    def begin_import(self) -> None:
        """Nothing to prepare: the server's own memory settings hold."""

    def loaded(self, *tables: str) -> None:
        for table in tables:
            with self._explained():
                self.connection.execute(quoted.SQL("ANALYZE {}").format(quoted.Identifier(table)))

    def checkpoint(self) -> None:
        """The server does so by itself."""

    def clear_log_later(self) -> None:
        """What was erased leaves the server's log and tables with its own checkpoints and vacuums."""

    def now(self, clock: Callable[[], float]) -> float:
        del clock  # each machine has its own
        return float(self.value("SELECT extract(epoch FROM clock_timestamp())::float8"))

    def check_present(self) -> None:
        """A server's database is not replaced under a connection. It answers, or raises StoreError."""
        self.value("SELECT 1")

    def back_up(self, file: Path) -> None:
        dump.dump(self.url, file)

    def close(self) -> None:
        self.connection.close()


_SEQUENCE = "SELECT pg_get_serial_sequence(:table, 'id')"
