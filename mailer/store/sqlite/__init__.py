"""The store in one SQLite file (WAL), shared by every process on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.errors import StoreError
from mailer.store.sql import assemble
from mailer.store.sql.freshness import SqlFreshness
from mailer.store.sql.marks import Marks
from mailer.store.sqlite.database import SqliteDatabase
from mailer.store.sqlite.leases import SqliteLeases

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mailer.store import Store


def connect(
    path: Path, address_hashes: Callable[[str], list[str]], announce: Callable[[str], None]
) -> Store:
    """Open the database file; make it, with its folder, if it is not there."""
    path = _follow(path)
    marks = Marks(path)
    if not path.exists() and (mailed := max((mark.claimed for mark in marks.own()), default=0)):
        announce(
            f"{path.name} was not there: this is a new, empty one. From the one before, {mailed:,} were "
            "mailed. Put that back, or a backup of it: mailer restore DIR"
        )
    database = SqliteDatabase(path, announce)
    freshness = SqlFreshness(database, marks, name=path.name)
    return assemble(database, SqliteLeases(database), freshness, address_hashes)


def _follow(path: Path) -> Path:
    """The file that a link leads to: SQLite keeps the log beside it, not beside the link."""
    if path.is_symlink() and not path.exists():
        raise StoreError(
            f"{path} is a link to {path.readlink()}, where there is no database",
            hint="Is the disk there that holds it? Nothing was made in its place.",
        )
    return path.resolve()
