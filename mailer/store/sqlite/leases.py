"""Which senders are alive: each holds an OS lock on a file of its own.

The kernel frees the lock when the process ends, whatever ended it (`kill -9` too), so nobody has to
guess from heartbeats or timeouts whether a sender is dead or only slow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from filelock import BaseFileLock, FileLock, Timeout

if TYPE_CHECKING:
    from pathlib import Path


def attendants(database: Path) -> Workers:
    """The processes that start what is due."""
    return Workers(database.parent / "attendants")


class Workers:
    """The lock files of every sender on one database.

    All but `leave` must be called inside a write transaction: the database's lock keeps one
    process from clearing away the file that another has just made and is about to lock.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: BaseFileLock | None = None
        self._me = ""

    def me(self) -> str:
        """This sender's id. The first call takes its lock and clears away those of the dead."""
        if self._lock is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            self._me = uuid4().hex
            self._lock = self._take(self._me)
        return self._me

    def is_gone(self, worker: str) -> bool:
        if not worker:
            return True  # of a send that was started before workers were written down
        if worker == self._me:
            return False
        if not self._file(worker).exists():
            return True
        try:
            self._take(worker).release()
        except Timeout:
            return False
        return True

    def is_anyone_here(self) -> bool:
        return any(not self.is_gone(file.stem) for file in self.folder.glob("*.lock"))

    def leave(self) -> None:
        """Let go of the lock: what this sender has not recorded is now abandoned."""
        if self._lock is not None:
            self._lock.release()
            self._file(self._me).unlink(missing_ok=True)
            self._lock = None
            self._me = ""

    def _sweep(self) -> None:
        for file in self.folder.glob("*.lock"):
            if self.is_gone(file.stem):
                file.unlink(missing_ok=True)

    def _take(self, worker: str) -> BaseFileLock:
        """Raises Timeout when another process holds it."""
        # fallback_to_soft=False: a soft lock would outlive its process
        lock = FileLock(self._file(worker), timeout=0, thread_local=False, fallback_to_soft=False)
        lock.acquire()
        return lock

    def _file(self, worker: str) -> Path:
        return self.folder / f"{worker}.lock"
