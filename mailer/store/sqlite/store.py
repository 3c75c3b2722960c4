"""The store in one SQLite file (WAL), shared by every process on this machine."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from sqlite_utils import Database

from mailer.errors import StoreError
from mailer.store.sqlite.approvals import Signatures
from mailer.store.sqlite.clicks import Counters
from mailer.store.sqlite.events import Events
from mailer.store.sqlite.migrations import migrations
from mailer.store.sqlite.preview import Glances
from mailer.store.sqlite.requests import Requests
from mailer.store.sqlite.schedule import Waves
from mailer.store.sqlite.statistics import Reckoner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

BUSY_SECONDS = 60

_RESTORE = "Look at it with: mailer doctor. Restore lists/mailer.db from a backup if it is damaged."

Error = sqlite3.Error
"""What reading may raise; the command line tells staff about it in the words of `problem`."""

T = TypeVar("T")


def problem(err: sqlite3.Error | OSError, doing: str) -> StoreError:
    """What staff can do about an error of SQLite or of its files."""
    # whatever is not the operation's is the file's: damaged, or no database at all
    damaged = isinstance(err, sqlite3.DatabaseError) and not isinstance(
        err, sqlite3.OperationalError
    )
    hint = _RESTORE if damaged else "Check that lists/ can be written to and the disk is not full."
    return StoreError(f"the database cannot be {doing}: {err}", hint=hint)


class SqliteStore(Requests, Glances, Signatures, Counters, Reckoner, Events, Waves):
    """See `store.base.Store`.

    Args:
        path: the database file; made, with its folder, when it is not there.
        hashes: an address → its keyed hashes, the current key's first. Recognises an erased
            address without keeping it.
    """

    def __init__(self, path: Path, hashes: Callable[[str], list[str]]) -> None:
        self.path = path
        self.hashes = hashes
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
            )
            self.db = Database(connection, execute_plugins=False)
            self.db.execute("PRAGMA journal_mode=WAL")
            # FULL: what is committed as `sending` or `accepted` outlives a power cut, too.
            self.db.execute("PRAGMA synchronous=FULL")
            self.db.execute("PRAGMA foreign_keys=ON")
            with self.writing():
                migrations.apply(self.db)
        except (OSError, sqlite3.Error) as err:
            raise problem(err, f"opened ({path})") from err

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One write transaction, whole or not at all.

        IMMEDIATE, because a deferred one that reads first fails with "database is locked" as soon
        as another process has written in between. Inside another one, it is a step of that.
        """
        if self.db.conn.in_transaction:
            with self.db.atomic():
                yield
            return
        try:
            self.db.execute("BEGIN IMMEDIATE")
            yield
            self.db.commit()
        except BaseException as err:
            self.db.rollback()
            if isinstance(err, sqlite3.Error):
                raise problem(err, "written, and nothing of this step was kept") from err
            raise

    def together(self, steps: Sequence[Callable[[], T]]) -> list[T | Exception]:
        with self.writing():
            return [self._step(step) for step in steps]

    def _step(self, step: Callable[[], T]) -> T | Exception:
        try:
            with self.writing():
                return step()
        except sqlite3.Error:
            raise
        except Exception as err:  # noqa: BLE001 - whoever asked for the step gets it
            return err

    def close(self) -> None:
        self.workers.leave()
        self.attendants.leave()
        self.db.close()
