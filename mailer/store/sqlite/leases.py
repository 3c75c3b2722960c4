"""Leases as files: each live process holds an OS lock on a file of its own.

The kernel frees the lock when the process ends in any way (`kill -9` too), so that no heartbeat
or timeout has to guess whether a sender is dead or only slow.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from filelock import BaseFileLock, FileLock, Timeout

from mailer.atomic import PRIVATE_FILE, private_folder
from mailer.ledger.worker import Lease

if TYPE_CHECKING:
    from pathlib import Path

    from mailer.store.sqlite.database import SqliteDatabase


class SqliteLeases:
    def __init__(self, database: SqliteDatabase) -> None:
        self._db = database
        self.workers = LockFolder(database.path.parent / "workers")
        self.attendants = attendants(database.path)

    def worker_id(self) -> str:
        return self.workers.own_id()

    def is_gone(self, worker_id: str) -> bool:
        return self.workers.is_gone(worker_id)

    def attend(self) -> None:
        with self._db.writing():
            self.attendants.own_id()

    def is_attended(self) -> bool:
        with self._db.locked():
            return self.attendants.is_anyone_here()

    def is_anyone_here(self) -> bool:
        with self._db.locked():
            return self.workers.is_anyone_here() or self.attendants.is_anyone_here()

    def held(self) -> list[Lease]:
        with self._db.locked():
            return [*self.workers.held(), *self.attendants.held()]

    def leave(self) -> None:
        self.workers.leave()
        self.attendants.leave()


def attendants(database: Path) -> LockFolder:
    """The lock files of workers."""
    return LockFolder(database.parent / "attendants")


class LockFolder:
    """The lock files of every process of one kind on one database.

    Call all methods but `leave` inside a write transaction: the database's lock keeps one process
    from removing the file that another has just created and is about to lock.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: BaseFileLock | None = None
        self._id = ""

    def own_id(self) -> str:
        """This process's id. The first call takes its lock and clears away those of the dead."""
        if self._lock is None:
            private_folder(self.folder)
            self._sweep()
            self._id = _new_id()
            self._lock = self._take(self._id)
        return self._id

    def is_gone(self, holder: str) -> bool:
        if not holder:
            return True  # of a send that was started before workers were written down
        if holder == self._id:
            return False
        if not self._file(holder).exists():
            return True
        try:
            self._take(holder).release()
        except (Timeout, OSError):  # held, or of another user, or on a read-only file system
            return False
        return True

    def is_anyone_here(self) -> bool:
        return any(not self.is_gone(file.stem) for file in self.folder.glob("*.lock"))

    def held(self) -> list[Lease]:
        leases = []
        for file in sorted(self.folder.glob("*.lock")):
            # the ids of older versions tell nothing
            with suppress(ValueError):
                if not self.is_gone(file.stem):
                    leases.append(_lease(file.stem))
        return leases

    def leave(self) -> None:
        """Release the lock: what this process has not recorded is now abandoned."""
        if self._lock is not None:
            self._lock.release()
            self._file(self._id).unlink(missing_ok=True)
            self._lock = None
            self._id = ""

    def _sweep(self) -> None:
        for file in self.folder.glob("*.lock"):
            if self.is_gone(file.stem):
                file.unlink(missing_ok=True)

    def _take(self, holder: str) -> BaseFileLock:
        """Raises Timeout when another process holds it."""
        # fallback_to_soft=False: a soft lock would outlive its process
        lock = FileLock(
            self._file(holder),
            timeout=0,
            mode=PRIVATE_FILE,
            thread_local=False,
            fallback_to_soft=False,
        )
        lock.acquire()
        return lock

    def _file(self, holder: str) -> Path:
        return self.folder / f"{holder}.lock"


def _new_id() -> str:
    """Random digits, the process and the second: the lock file itself is emptied whenever it is tried."""
    return f"{secrets.token_hex(4)}{os.getpid():012x}{int(time.time()):012x}"


def _lease(holder: str) -> Lease:
    process, since = int(holder[8:20], 16), int(holder[20:], 16)
    return Lease(holder[:8], socket.gethostname(), process, datetime.fromtimestamp(since, UTC))
