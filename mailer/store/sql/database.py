"""What the parts of a store ask of a database: SQL with named parameters, and transactions.

The SQL is one text for every database. What a database lacks of it, it makes up for by itself: PostgreSQL
gets functions such as `json_each` with its schema.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from mailer.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

Row = tuple[Any, ...]
Parameters = Mapping[str, object]

NONE: Parameters = {}

MOVED = "SELECT place FROM moved"

UNFINISHED = "unfinished copy"
"""The place to which a store has moved that is itself being filled: nothing may be written into it yet."""

T = TypeVar("T")


class SqlDatabase(ABC):
    """One connection, which raises StoreError only."""

    name: str
    """The name for staff: the file's, or the address without user and password."""
    place: str
    """The file's path, or the address without user and password."""
    read_only = False
    is_copying = False
    """Whether this connection may write a store that is an unfinished copy."""

    @abstractmethod
    def rows(self, sql: str, parameters: Parameters = NONE) -> list[Row]: ...

    @abstractmethod
    def row(self, sql: str, parameters: Parameters = NONE) -> Row | None:
        """The first row; None when there is none."""

    def value(self, sql: str, parameters: Parameters = NONE) -> Any:
        """The first value of the first row; None when there is no row."""
        row = self.row(sql, parameters)
        return row[0] if row else None

    def answers(self, *queries: tuple[str, Parameters]) -> list[list[Row]]:
        """The rows of several queries; from a server, all in one way there and back."""
        return [self.rows(sql, parameters) for sql, parameters in queries]

    @abstractmethod
    def records(self, sql: str, parameters: Parameters = NONE) -> list[dict[str, object]]:
        """Rows by the names of their columns."""

    @abstractmethod
    def stream(self, sql: str, parameters: Parameters = NONE) -> Generator[Row]:
        """Rows one at a time, from a cursor that stays open: for temporary tables only."""

    @abstractmethod
    def execute(self, sql: str, parameters: Parameters = NONE) -> int:
        """Return the number of rows that changed."""

    def execute_later(self, sql: str, parameters: Iterable[Parameters] = (NONE,)) -> None:
        """Change rows before the next statement of this transaction, together with it.

        It costs no way to a server and back of its own. An error comes with the next statement, or the
        end of the transaction, and undoes all of it.
        """
        self.execute_many(sql, parameters)

    @abstractmethod
    def execute_many(self, sql: str, parameters: Iterable[Parameters]) -> int:
        """Return the number of rows that changed, in all."""

    @abstractmethod
    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Insert many rows into a table, in the order of the columns, in the fastest way."""

    # ---------------------------------------------------------------- transactions

    @abstractmethod
    def writing(self) -> AbstractContextManager[None]:
        """One write transaction, whole or not at all. Inside another one, it is a step of that.

        There is one at a time, in all processes: what it reads stays true until it ends.
        """

    @abstractmethod
    def reading(self) -> AbstractContextManager[None]:
        """Let several reads see the same instant."""

    def locked(self) -> AbstractContextManager[None]:
        """Read while keeping other writers out; where this is impossible, read anyway."""
        return self.reading() if self.read_only or self.value(MOVED) else self.writing()

    def together(self, steps: Sequence[Callable[[], T]]) -> list[T | Exception]:
        """Run several steps in one transaction; see `mailer.store.database.Database`."""
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

    def moved(self, place: str) -> StoreError:
        """The refusal to write a store whose rows are in another one, or are still being copied into it."""
        if place == UNFINISHED:
            return StoreError(
                f"{self.name} is an unfinished copy of another store",
                hint="Finish it from that store, by the same command again: mailer store copy",
            )
        return StoreError(
            f"{self.name} can only be read: it was copied to {place}",
            hint="Set MAILER_STORE, or store in mailer.toml, to that one.",
        )

    # ---------------------------------------------------------------- what databases do differently

    @abstractmethod
    def tables(self) -> dict[str, list[str]]:
        """Tables with their columns, in an order in which their rows refer to earlier ones."""

    def begin_copy(self) -> None:  # noqa: B027 - most have nothing to do
        """Allow this transaction to stand still for as long as the other store works."""

    def finish_copy(self) -> None:  # noqa: B027 - most have nothing to do
        """Prepare to give out ids, after rows were copied with theirs."""

    @abstractmethod
    def number_from(self, table: str, first: int) -> None:
        """Give out ids of a table from one on that is above those that it has."""

    @abstractmethod
    def begin_import(self) -> None:
        """Prepare this connection for the large temporary tables of an import."""

    def loaded(self, *tables: str) -> None:  # noqa: B027 - most plan by their indexes alone
        """Look at tables that have just been filled, so that statements are planned for their size."""

    @abstractmethod
    def checkpoint(self) -> None:
        """Move what is committed into the main file, as far as readers allow."""

    @abstractmethod
    def clear_log_later(self) -> None:
        """Note, in this transaction, that the log has to be cleared of personal data after it."""

    def clear_log(self) -> bool:
        """Clear what `clear_log_later` noted out of the log; return False when a reader is in the way."""
        return True

    def now(self, clock: Callable[[], float]) -> float:
        """The time that all senders share, in seconds since 1970: this machine's, if all are on it."""
        return clock()

    @abstractmethod
    def check_present(self) -> None:
        """Raise DatabaseReplacedError when the database was replaced or deleted while in use."""

    @abstractmethod
    def back_up(self, file: Path) -> None:
        """Copy the whole database into one file; safe during a send. The file appears when it is complete."""

    @abstractmethod
    def close(self) -> None: ...
