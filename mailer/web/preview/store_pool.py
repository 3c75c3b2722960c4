"""A pool of store connections, each used by one thread at a time."""

from __future__ import annotations

import contextlib
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mailer.store import Store


class StorePool:
    """Lends connections, and opens another when all are in use.

    Args:
        open_store: opens one.
    """

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store
        self._idle: SimpleQueue[Store] = SimpleQueue()

    @contextlib.contextmanager
    def borrow(self) -> Iterator[Store]:
        """Lend a connection. Raises StoreError when the database cannot be opened or read."""
        try:
            store = self._idle.get_nowait()
        except Empty:
            store = self._open_store()
        try:
            yield store
        finally:
            self._idle.put(store)

    def close(self) -> None:
        """Close the connections that are not in use."""
        with contextlib.suppress(Empty):
            while True:
                self._idle.get_nowait().close()
