"""Copy a whole store into another one: every row of every table, compared afterwards."""

from __future__ import annotations

import hashlib
import json
from itertools import islice
from typing import TYPE_CHECKING, cast

from mailer.errors import StoreError
from mailer.store.sql.database import MOVED, UNFINISHED
from mailer.store.sql.rows import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from mailer.store import Store
    from mailer.store.sql.database import Row, SqlDatabase

_CHUNK = 5_000


def move(
    old: Store, new: Store, on_table: Callable[[str, int], None], now: datetime
) -> dict[str, tuple[int, str]]:
    """Copy everything, and let the old store be read only; see `mailer.store.copy_all`.

    What a crash leaves, by the step it comes after:

        claim     the new store is an unfinished copy, which nobody can write; repeat, and it is filled
        fill      the same, and filled anew
        hand over the old store can only be read, the new one is still unfinished; repeat, and it is opened
        open      nothing

    So there is no moment at which both can send.
    """
    source, target = cast("SqlDatabase", old.database), cast("SqlDatabase", new.database)
    if source.place == target.place:
        raise StoreError(f"{target.name} is the store itself", hint="Name a new database.")
    target.is_copying = True
    moved_to = source.value(MOVED)
    if moved_to and not _is_only_to_be_opened(moved_to, target):
        raise source.moved(moved_to)
    if moved_to:
        prints = _compare(target, _prints(source))
    else:
        _claim(target)
        with source.writing():
            prints = copy(source, target, on_table)
            place = f"{target.place} on {iso(now)[:10]}"
            source.execute("INSERT INTO moved (place) VALUES (:place)", {"place": place})
    new.freshness.move_here()
    return prints


def copy(
    source: SqlDatabase, target: SqlDatabase, on_table: Callable[[str, int], None]
) -> dict[str, tuple[int, str]]:
    """Copy all rows in one transaction, and compare what arrived.

    Args:
        source: in a transaction that keeps writers out.
        target: with the same tables, and claimed.
        on_table: called with the name of each table and its number of rows.

    Returns:
        The tables, with their numbers of rows and fingerprints.

    Raises:
        StoreError: a table differs afterwards; nothing was copied.
    """
    tables = _tables(source)
    prints = {}
    with target.writing():
        source.begin_copy()
        target.begin_copy()
        for table in reversed(tables):
            target.execute(f"DELETE FROM {table}")
        for table, columns in tables.items():
            prints[table] = _copy_table(source, target, table, columns)
            on_table(table, prints[table][0])
        target.finish_copy()
        return _compare(target, prints)


def _claim(target: SqlDatabase) -> None:
    """Keep everybody else from writing into the new store, before anything is in it."""
    with target.writing():
        if target.value(MOVED) == UNFINISHED:
            return
        for table in ("subscribers", "lists", "sends", "suppressions"):
            if target.row(f"SELECT 1 FROM {table} LIMIT 1"):
                raise StoreError("the store to copy to is not empty", hint="Name a new database.")
        target.execute("DELETE FROM moved")
        target.execute("INSERT INTO moved (place) VALUES (:place)", {"place": UNFINISHED})


def _is_only_to_be_opened(moved_to: str, target: SqlDatabase) -> bool:
    """Whether an earlier copy to this target has failed in its very last step."""
    place, _, _ = moved_to.rpartition(" on ")
    return place == target.place and target.value(MOVED) == UNFINISHED


def _tables(database: SqlDatabase) -> dict[str, list[str]]:
    return {table: columns for table, columns in database.tables().items() if table != "moved"}


def _prints(database: SqlDatabase) -> dict[str, tuple[int, str]]:
    with database.reading():
        database.begin_copy()
        return {
            table: fingerprint(database, table, columns)
            for table, columns in _tables(database).items()
        }


def _compare(target: SqlDatabase, prints: dict[str, tuple[int, str]]) -> dict[str, tuple[int, str]]:
    """Return the fingerprints.

    Raises:
        StoreError: the copy has others.
    """
    for table, columns in _tables(target).items():
        if fingerprint(target, table, columns) != prints[table]:
            raise StoreError(f"the table {table} differs in the copy: nothing was copied")
    return prints


def _copy_table(
    source: SqlDatabase, target: SqlDatabase, table: str, columns: Sequence[str]
) -> tuple[int, str]:
    digest = _Digest()
    rows = map(digest.add, _rows(source, table, columns))
    while chunk := list(islice(rows, _CHUNK)):
        target.load(table, columns, chunk)
    return digest.result()


def fingerprint(database: SqlDatabase, table: str, columns: Sequence[str]) -> tuple[int, str]:
    """The number of rows of a table, and a hash of them in any order."""
    digest = _Digest()
    for row in _rows(database, table, columns):
        digest.add(row)
    return digest.result()


def _rows(database: SqlDatabase, table: str, columns: Sequence[str]) -> Iterator[Row]:
    return database.stream(f"SELECT {', '.join(columns)} FROM {table}")


class _Digest:
    def __init__(self) -> None:
        self._number = 0
        self._sum = 0

    def add(self, row: Row) -> Row:
        """Count a row in; return it."""
        values = [value.hex() if isinstance(value, bytes) else value for value in row]
        text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).digest()
        self._number += 1
        self._sum += int.from_bytes(digest)
        return row

    def result(self) -> tuple[int, str]:
        return self._number, f"{self._sum % (1 << 256):064x}"
