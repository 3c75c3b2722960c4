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
from mailer.store.postgres.functions import MOVED_STATE, WRITER
from mailer.store.sql.database import NONE, Parameters, Row, SqlDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

Statement = tuple[bytes, Parameters]

BUSY_SECONDS = 60
_IDLE_SECONDS = 10
"""Time after which the server ends the transaction of a process that has stopped in its middle: a lock
that it held would stop all others."""

OLDEST = 140_000
"""PostgreSQL 14."""

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

_BEGIN = (b"BEGIN", b"SELECT begin_writing()")
_BEGIN_COPY = (b"BEGIN", f"SELECT pg_advisory_xact_lock({WRITER})".encode())
_BEGIN_READING = b"BEGIN ISOLATION LEVEL REPEATABLE READ"
_SAVEPOINT, _RELEASE = b"SAVEPOINT step", b"RELEASE step"
_UNDO_STEP = b"ROLLBACK TO step; RELEASE step"
_OPEN = {TransactionStatus.INTRANS, TransactionStatus.INERROR}

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
        self._depth = 0
        """Depth of transactions and their steps."""
        self._queued: list[Statement] = []
        """What goes to the server together with the next statement, in one way there and back."""
        self.name = self.place = errors.place(url)
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
                with self._transaction(*_BEGIN_COPY), self._explained():
                    self._send_queued()
                    schema.update(self.connection, self.name, announce)

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
        is_change = not sql.lstrip().startswith("SELECT")
        if is_change and not self.in_transaction and not is_alive(self.connection):
            self.connection.close()
            self._open()
        cursor = self._ask([(translate(sql), parameters)], repeatable=not is_change)
        while cursor.nextset():
            """The answer is the last one."""
        return cursor

    def _ask(self, statements: Sequence[Statement], *, repeatable: bool) -> psycopg.Cursor[Row]:
        """Run statements after those that wait, and repeat all where nothing was begun before them.

        A connection that turns out to be lost is replaced then, and nobody notices. To ask the server
        beforehand whether it is there would take as long as the statement itself.

        Args:
            statements: to be run last.
            repeatable: whether they may be run twice, outside a transaction.
        """
        if self.in_transaction:
            repeatable = self._is_to_begin
        statements, self._queued = [*self._queued, *statements], []
        try:
            return self._send(statements)
        except StoreUnreachableError:
            if not repeatable:
                raise
            self._open()
        return self._send(statements)

    def _send(self, statements: Sequence[Statement]) -> psycopg.Cursor[Row]:
        """All in one way there and back, with one answer each: what follows one that fails is not done.

        Not by psycopg's pipelines: each ends with a Flush, after which the server no longer ends a
        transaction that stands still.
        """
        with self._explained():
            if len(statements) == 1:
                return self.connection.execute(*statements[0])
            cursor = psycopg.ClientCursor(self.connection)
            texts = [cursor.mogrify(*statement) for statement in statements]
            return cursor.execute("; ".join(texts).encode())

    def _send_queued(self) -> None:
        if self._queued:
            self._ask([], repeatable=False)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        writing = self.in_transaction
        try:
            yield
        except psycopg.Error as err:
            if err.sqlstate == MOVED_STATE:
                raise self.moved(err.diag.message_primary or "") from None
            lost = self.connection.closed
            raise errors.failed(err, self.url, writing=writing, lost=lost) from err

    @property
    def in_transaction(self) -> bool:
        return self._depth > 0

    def rows(self, sql: str, parameters: Parameters = NONE) -> list[Row]:
        return self._run(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Parameters = NONE) -> Row | None:
        return self._run(sql, parameters).fetchone()

    def answers(self, *queries: tuple[str, Parameters]) -> list[list[Row]]:
        earlier = len(self._queued)
        statements = [(translate(sql), parameters) for sql, parameters in queries]
        cursor = self._ask(statements, repeatable=True)
        answers: list[list[Row]] = []
        for number in range(earlier + len(queries)):
            if number:
                cursor.nextset()
            answers.append(cursor.fetchall() if number >= earlier else [])
        return answers[earlier:]

    def records(self, sql: str, parameters: Parameters = NONE) -> list[dict[str, object]]:
        cursor = self._run(sql, parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def stream(self, sql: str, parameters: Parameters = NONE) -> Generator[Row]:
        self._send_queued()
        with (
            self._explained(),
            self.connection.cursor("stream", withhold=True) as cursor,
        ):
            yield from cursor.execute(translate(sql), parameters)

    def execute(self, sql: str, parameters: Parameters = NONE) -> int:
        return self._run(sql, parameters).rowcount

    def execute_later(self, sql: str, parameters: Iterable[Parameters] = (NONE,)) -> None:
        statement = translate(sql)
        if self.in_transaction:
            self._queued += [(statement, each) for each in parameters]
        else:
            self.execute_many(sql, parameters)

    def execute_many(self, sql: str, parameters: Iterable[Parameters]) -> int:
        self._send_queued()
        with self._explained(), self.connection.cursor() as cursor:
            cursor.executemany(translate(sql), parameters)
            return max(cursor.rowcount, 0)

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        self._send_queued()
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
        if self.read_only:
            raise StoreError(
                f"{self.name} is a standby: it can only be read",
                hint="Name the primary server in the address of the store.",
            )
        if self.in_transaction:
            with self._step_of_transaction():
                yield
        else:
            with self._transaction(*(_BEGIN_COPY if self.is_copying else _BEGIN)):
                yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._transaction(_BEGIN_READING):
            yield

    @contextmanager
    def _transaction(self, *begin: bytes) -> Iterator[None]:
        """Begin with the first statement, and commit together with what waits."""
        self._queued = [(statement, NONE) for statement in begin]
        self._depth = 1
        try:
            yield
            if self._is_to_begin:
                self._send_queued()  # can be repeated, which a commit cannot
            self._ask([(b"COMMIT", NONE)], repeatable=False)
        except BaseException:
            self._queued = []
            self._undo(b"ROLLBACK")
            raise
        finally:
            self._depth = 0

    @contextmanager
    def _step_of_transaction(self) -> Iterator[None]:
        savepoint = (_SAVEPOINT, NONE)
        self._queued.append(savepoint)
        self._depth += 1
        try:
            yield
            self._queued.append((_RELEASE, NONE))
        except BaseException:
            places = [place for place, each in enumerate(self._queued) if each is savepoint]
            self._queued = self._queued[: places[0]] if places else []
            if not places:
                self._undo(_UNDO_STEP)
            raise
        finally:
            self._depth -= 1

    @property
    def _is_to_begin(self) -> bool:
        """Whether the server knows nothing of the transaction yet."""
        return bool(self._queued) and self._queued[0][0] in {_BEGIN[0], _BEGIN_READING}

    def _undo(self, statement: bytes) -> None:
        if self.connection.info.transaction_status in _OPEN:
            with self._explained():
                self.connection.execute(statement)

    # ---------------------------------------------------------------- what databases do differently

    def tables(self) -> dict[str, list[str]]:
        self._send_queued()
        return schema.tables(self.connection)

    def begin_copy(self) -> None:
        """Allow this transaction to stand still for as long as the other store works."""
        self.execute("SET LOCAL idle_in_transaction_session_timeout = 0")

    def finish_copy(self) -> None:
        """Give out ids above those that were copied, and plan statements for what is there now."""
        tables = self.tables()
        self.loaded(*tables)
        for table, columns in tables.items():
            if columns[0] == "id" and self.value(_SEQUENCE, {"table": table}):
                highest = int(self.value(f"SELECT coalesce(max(id), 0) FROM {table}"))
                self.number_from(table, highest + 1)

    def number_from(self, table: str, first: int) -> None:
        sequence = {"table": table, "first": first}
        self.execute("SELECT setval(pg_get_serial_sequence(:table, 'id'), :first, false)", sequence)

    def begin_import(self) -> None:
        """Nothing to prepare: the server's own memory settings hold."""

    def loaded(self, *tables: str) -> None:
        self._send_queued()
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
