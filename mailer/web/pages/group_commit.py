"""Group commit: one thread writes for all requests, and commits the waiting changes together.

SQLite has one writer at a time, and a commit waits some milliseconds for the disk. In a burst, each
commit carries as many requests as came in during the one before.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from mailer.errors import MailerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailer.store import Store

    Job = tuple[Callable[[Store], Any], asyncio.Future[Any]]

T = TypeVar("T")

MOST_AT_ONCE = 256
_BUSY = 0.05
"""Seconds after a commit: in a burst, the next change comes sooner."""


class GroupCommit:
    """Commits many requests in one transaction. Start it in the event loop of the requests.

    Args:
        store: used by the thread alone.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="group-commit")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_writing = False
        self._quiet_from = 0.0

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def stop(self) -> None:
        """Write everything that is waiting, then end the thread."""
        self._waiting.put(None)
        self._thread.join()

    @property
    def is_busy(self) -> bool:
        """Whether changes are coming in; for work that can wait, in any thread."""
        return self._is_writing or time.monotonic() < self._quiet_from

    async def write(self, step: Callable[[Store], T]) -> T:
        """Run `step` and return or raise its result, after it is committed to disk."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.put((step, done))
        return await done

    def _work(self) -> None:
        while job := self._waiting.get():
            jobs = [job]
            with contextlib.suppress(Empty):
                while len(jobs) < MOST_AT_ONCE:
                    following = self._waiting.get_nowait()
                    if following is None:
                        self._waiting.put(None)
                        break
                    jobs.append(following)
            self._is_writing = True
            self._write(jobs)
            self._quiet_from = time.monotonic() + _BUSY
            self._is_writing = False

    def _write(self, jobs: Sequence[Job]) -> None:
        results: list[Any]
        try:
            results = self._store.database.together([self._bound(step) for step, _ in jobs])
        except MailerError as err:
            results = [err] * len(jobs)
        assert self._loop is not None
        self._loop.call_soon_threadsafe(_settle, [done for _, done in jobs], results)

    def _bound(self, step: Callable[[Store], Any]) -> Callable[[], Any]:
        return lambda: step(self._store)


def _settle(waiting: Sequence[asyncio.Future[Any]], results: Sequence[Any]) -> None:
    for done, result in zip(waiting, results, strict=True):
        if done.done():  # its request was canceled
            continue
        if isinstance(result, Exception):
            done.set_exception(result)
        else:
            done.set_result(result)
